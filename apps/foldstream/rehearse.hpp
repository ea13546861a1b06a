// Rehearsal: how long a campaign would take on some machines, without running it.
#pragma once

#include <foldstream/accounting.hpp>
#include <foldstream/cost.hpp>
#include <foldstream/plan.hpp>
#include <foldstream/run.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace foldstream::apps {

/// The machines that a plan is for.
struct Machines {
  int ranks = 1;
  Capacity capacity = {};  ///< of each rank
  std::uint64_t kept_bytes = 0;  ///< on each, of all tasks (RunOptions::kept_bytes)
};

struct Rehearsed {
  Efficiency efficiency;
  std::vector<TargetOutcome> failed;  ///< those that can never run there
};

/// Runs the campaign on a virtual clock.
/// @throws Error{Unsupported} for several ranks if the command was built without MPI.
Rehearsed rehearse(const Graph& graph, const std::vector<PlanTarget>& targets,
                   const Machines& machines, const std::shared_ptr<CostBook>& costs);

}  // namespace foldstream::apps
