// DistributedExecutor: runs graphs on the ranks of a communicator.
#pragma once

#include <foldstream/executor.hpp>
#include <foldstream/mpi/communicator.hpp>

#include <cstdint>
#include <memory>

namespace foldstream::mpi {

struct DistributedExecutorOptions {
  int threads = 0;                 ///< of this rank; 0 = its fair share of the node's cores
  std::uint64_t memory_bytes = 0;  ///< of this rank; see ThreadExecutorOptions; 0 = no limit
  int lease_depth = 16;            ///< most targets a rank may hold that it has not begun; ≥ 1
  /// A rank that no message came from for so long is lost, and so is the run. Seconds; 0 = wait for
  /// ever. Ranks that compute answer all the time.
  double silence_seconds = 120;
  /// How long ranks may come late to a run, seconds; 0 = wait for ever.
  double start_seconds = 900;
};

/// Spreads targets over ranks: rank 0 hands them out one by one, or a few at a time when they are
/// quick, so that no rank waits while another has a heap. Each target runs on one rank.
///
/// All ranks must make the same calls with the same graph and the same targets in the same order:
/// only the positions of targets travel. Every rank reads its copy of the source through, so work
/// belongs into tasks, not into the source. Every rank brings its own store; on a shared file
/// system these may be the same folder.
///
/// What happens on all ranks is told to the observer of rank 0, with the rank in the event; the
/// observers of other ranks are not called. Once `wait` has returned, every rank knows the outcomes
/// of all targets. A value is on the rank that computed it; other ranks get it from their store,
/// else Error{NotFound} names the rank. `cancel` on any rank cancels the run on all; so does the
/// last Run on rank 0 when it goes, while on another rank it only waits until the run has ended
/// everywhere. `wait` throws Error{Communication} if a rank was lost or the ranks disagree: then
/// the communicator is of no more use. It throws what the source threw, after the targets before it
/// have ended.
class DistributedExecutor final : public Executor {
 public:
  /// Collective. @throws Error{InvalidArgument} for options out of range.
  explicit DistributedExecutor(Communicator communicator, DistributedExecutorOptions options = {});
  /// Collective. Waits for the runs that are still going on.
  ~DistributedExecutor() override;

  /// Collective.
  Run run_source(const Graph& graph, TargetSource source, RunOptions options) override;

  /// Threads of this rank.
  int threads() const noexcept;
  const Communicator& communicator() const noexcept { return communicator_; }

 private:
  class Parts;
  Communicator communicator_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace foldstream::mpi
