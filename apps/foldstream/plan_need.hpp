// What a campaign needs on given ranks, for those that ask for a machine.
#pragma once

#include "campaign_options.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace foldstream::apps {

struct PlanNeed {
  std::size_t targets = 0;
  std::uint64_t rank_bytes = 0;  ///< host memory of a rank at its highest, the program included
  double seconds = 0;            ///< wall time
  double cpu_seconds = 0;
  double longest_seconds = 0;  ///< of the target that takes longest, if it has a rank for itself
  int threads = 1;             ///< of a rank
  std::string roles;  ///< who does what, for --roles: by use of a device; empty: any rank anything
};

/// Ranks that a campaign is planned for.
struct PlannedRanks {
  int ranks = 1;
  int devices = 0;    ///< of all of them
  int cpu_ranks = 0;  ///< further ones, without devices: what has no use for a device runs there
};

/// As `foldstream plan` finds it; with `cpu_ranks`, wall time is that of the busier kind of ranks.
/// @throws Error{Resources} if no target could ever run there; Error{InvalidArgument} if `cpu_ranks` can
/// do nothing, or all, of the work and the campaign does not say who does what; what reading the input
/// throws.
PlanNeed plan_need(const CampaignOptions& campaign, const PlannedRanks& ranks);

}  // namespace foldstream::apps
