// What a campaign needs on given ranks, for those that ask for a machine.
#pragma once

#include "campaign_options.hpp"

#include <cstddef>
#include <cstdint>

namespace foldstream::apps {

struct PlanNeed {
  std::size_t targets = 0;
  std::uint64_t rank_bytes = 0;  ///< host memory of a rank at its highest, the program included
  double seconds = 0;            ///< wall time
  double cpu_seconds = 0;
};

/// As `foldstream plan` finds it. @param devices  of all ranks.
/// @throws Error{Resources} if no target could ever run there; what reading the input throws.
PlanNeed plan_need(const CampaignOptions& campaign, int ranks, int devices);

}  // namespace foldstream::apps
