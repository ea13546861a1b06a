// Plan: a graph checked, ordered and costed, before anything runs.
#pragma once

#include <foldstream/cost.hpp>
#include <foldstream/graph.hpp>

#include <string>
#include <vector>

namespace foldstream {

/// The estimate for one task of one target.
struct PlannedTask {
  std::string task;
  Cost cost;
};

/// The estimate for one target.
struct PlannedTarget {
  std::string name;
  std::vector<PlannedTask> tasks;  ///< in execution order
  double seconds = 0;              ///< of one thread, all tasks
  double critical_seconds = 0;     ///< the longest chain
  std::uint64_t peak_bytes = 0;    ///< the dearest task, without what it keeps for other targets
};

struct Plan {
  std::vector<PlannedTarget> targets;
  double seconds = 0;           ///< of one thread, everything
  double makespan_seconds = 0;  ///< on `threads` threads: max(longest chain, work / threads)
  std::uint64_t kept_bytes = 0;  ///< what tasks keep for all targets (`Cost::kept_bytes`)
  std::uint64_t peak_bytes = 0;  ///< that, and the dearest `threads` targets at once
};

/// One target to plan: its name, and how large it is.
struct PlanTarget {
  std::string name;
  Magnitudes magnitudes;
  std::vector<std::string> given;  ///< tasks whose outputs come with it
};

/// Checks and costs. Pure.
/// @param costs  corrects the estimates; may be null
/// @throws Error{NotFound} with the near miss for a given task that is none;
/// what a cost function throws.
Plan make_plan(const Graph& graph, const std::vector<PlanTarget>& targets, int threads,
               const CostBook* costs = nullptr);

/// Which inputs, not optional ones, no edge feeds, as "task.port", in graph order.
std::vector<std::string> open_inputs(const Graph& graph);

/// The graph in Graphviz' language, with ports on the edges and dashed edges for conditions.
/// @param plan  whose estimates, summed over the targets, are written into the tasks; may be null
std::string to_dot(const Graph& graph, const Plan* plan = nullptr);
/// The same as a Mermaid flowchart, for Markdown pages.
std::string to_mermaid(const Graph& graph, const Plan* plan = nullptr);

}  // namespace foldstream
