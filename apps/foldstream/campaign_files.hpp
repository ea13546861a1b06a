// Campaign files: what a campaign leaves in its folder besides the targets' own, and on the screen.
#pragma once

#include "campaign.hpp"

#include <foldstream/workflows/report/report.hpp>

namespace foldstream::apps {

/// One row for each target and each refused record. Reads the results from the store.
workflows::report::Report make_report(CampaignResult& result);

/// Writes failures.tsv, run.json, trace.json, report.html and run.h5. @throws Error{Io}.
void write_campaign_files(const CampaignResult& result, const workflows::report::Report& report,
                          io::RunStore& store, const Trace& trace);

/// The table of targets and what became of the time, or JSON with --json, on standard output.
void print_summary(const CampaignResult& result, const workflows::report::Report& report);

}  // namespace foldstream::apps
