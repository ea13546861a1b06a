// VirtualRanks: a campaign on many pretended ranks, on a clock that does not tick.
#pragma once

#include <foldstream/executor.hpp>
#include <foldstream/resources.hpp>

namespace foldstream::mpi {

struct VirtualRanksOptions {
  int ranks = 1;          ///< ≥ 1
  Capacity capacity = {};  ///< of each rank
  int lease_depth = 16;
  double latency_seconds = 20e-6;  ///< of a message
};

/// Rehearses runs: the coordinator and workers of a distributed run, and on each rank the scheduler
/// of ThreadExecutor, but bodies are not called: a task takes as long as it is estimated to. The
/// observer hears all ranks. Runs to the end before `run_source` returns, in the calling thread.
/// The run has outcomes, but no values.
class VirtualRanks final : public Executor {
 public:
  /// @throws Error{InvalidArgument} for options out of range.
  explicit VirtualRanks(VirtualRanksOptions options);

  Run run_source(const Graph& graph, TargetSource source, RunOptions options) override;
  /// When the last run ended, seconds since it began.
  double makespan() const noexcept { return makespan_; }

 private:
  VirtualRanksOptions options_;
  double makespan_ = 0;
};

}  // namespace foldstream::mpi
