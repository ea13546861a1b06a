// Course: how a campaign is run, or the part of it that is this job's.
#pragma once

#include "leases.hpp"
#include "prepared_campaign.hpp"
#include "ranks.hpp"
#include "target_quota.hpp"

#include <foldstream/executor.hpp>
#include <foldstream/io/run_store.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace foldstream::apps {

struct Course {
  std::filesystem::path status_folder;
  TargetSource source;                      ///< the executor may ask from a thread of its own
  std::shared_ptr<Leases> leases = {};      ///< null: all targets are this job's
  std::shared_ptr<TargetQuota> quota = {};  ///< of the site; null: none
  std::uint64_t kept_bytes = 0;             ///< RunOptions::kept_bytes, on this rank
  std::vector<TargetOutcome> known = {};    ///< of targets that are not run again
};

/// All targets one by one, but those that are `known`.
Course whole_course(const PreparedCampaign& campaign, const FailedTargets& known);
/// Those targets that this job has leased.
Course shared_course(const PreparedCampaign& campaign, int job,
                     const std::shared_ptr<io::RunStore>& store);

/// The number of this job among those that share the folder; nothing if it has the folder alone.
/// Collective. @throws Error{InvalidArgument} if it wants a folder alone that others work on.
std::optional<int> join_folder(const CampaignOptions& options, const Ranks& ranks);
/// The number of this process among those that write to the folder.
int store_rank(const Ranks& ranks, std::optional<int> job);

}  // namespace foldstream::apps
