// A campaign's run, from the start of its executor to the outcomes of its targets.
#pragma once

#include "campaign.hpp"
#include "course.hpp"
#include "rank_files.hpp"

#include <memory>

namespace foldstream::apps {

/// What is known before the run begins; of earlier attempts, what status.json in `folder` tells.
RunStatus first_status(const PreparedCampaign& campaign, const Ranks& ranks,
                       const std::filesystem::path& folder);
/// The same on all ranks, since any of them may come to lead. Collective.
/// @param devices  of this rank
RunStatus agreed_status(const PreparedCampaign& campaign, const Ranks& ranks,
                        const std::filesystem::path& folder, std::size_t devices);

/// Runs it to its end, or until a signal, the end of the job or a quota makes it drain; keeps the
/// status up to date meanwhile. Collective, but for an executor of this process alone.
CampaignResult execute(const PreparedCampaign& campaign, const Course& course, const Ranks& ranks,
                       RankFiles& files, Executor& executor,
                       const std::shared_ptr<io::RunStore>& store,
                       const std::shared_ptr<CampaignObserver>& observer);

}  // namespace foldstream::apps
