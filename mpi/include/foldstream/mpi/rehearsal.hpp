// Rehearsal: N pretend ranks in one process, to try a distributed run without MPI.
#pragma once

#include <foldstream/mpi/distributed_executor.hpp>

#include <memory>
#include <vector>

namespace foldstream::mpi {

/// The communicators of `ranks` pretend ranks, in rank order; messages go through queues in memory.
/// Each should be used by an executor of its own. @throws Error{InvalidArgument} if `ranks` < 1.
std::vector<Communicator> pretend_ranks(int ranks);

/// Runs graphs on pretend ranks: the coordinator, workers and messages of a real distributed run,
/// in one process. The store is shared, the observer hears all ranks, every value is at hand.
class RehearsalExecutor final : public Executor {
 public:
  /// `options` are those of each rank; threads = 0 means one.
  explicit RehearsalExecutor(int ranks, DistributedExecutorOptions options = {});
  /// Pretend ranks of different roles and devices; `options` by rank.
  explicit RehearsalExecutor(const std::vector<DistributedExecutorOptions>& options);
  ~RehearsalExecutor() override;

  Run run_source(const Graph& graph, TargetSource source, RunOptions options) override;

 private:
  std::vector<std::unique_ptr<DistributedExecutor>> executors_;
};

}  // namespace foldstream::mpi
