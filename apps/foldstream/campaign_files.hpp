// Campaign files: what a campaign leaves in its folder besides the targets' own, and on the screen.
#pragma once

#include "campaign.hpp"

namespace foldstream::apps {

/// Writes failures.tsv, run.json, trace.json, report.html and run.h5. @throws Error{Io}.
void write_campaign_files(CampaignResult& result, io::RunStore& store, const Trace& trace);

/// The table of targets, or JSON with --json, on standard output.
void print_summary(CampaignResult& result);

}  // namespace foldstream::apps
