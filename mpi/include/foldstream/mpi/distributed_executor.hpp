// DistributedExecutor: runs graphs on the ranks of a communicator.
#pragma once

#include <foldstream/executor.hpp>
#include <foldstream/mpi/communicator.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace foldstream::mpi {

struct DistributedExecutorOptions {
  int threads = 0;                 ///< of this rank; 0 = its fair share of the node's cores
  std::uint64_t memory_bytes = 0;  ///< of this rank; see ThreadExecutorOptions; 0 = no limit
  int lease_depth = 16;  ///< most pieces a rank may hold that it has not begun; ≥ 1
  /// A rank that no message came from for so long is lost, and so is the run. Seconds; 0 = wait for
  /// ever. Ranks that compute answer all the time.
  double silence_seconds = 120;
  /// How long ranks may come late to a run, seconds; 0 = wait for ever.
  double start_seconds = 900;
  /// Kinds of tasks that this rank is for (Task::role): {"search"}. Empty: any.
  std::vector<std::string> roles = {};
  std::vector<Device> devices = {};  ///< of this rank
  /// Called first by each thread that runs tasks; may be empty. Must not throw.
  std::function<void()> on_thread = {};
  /// Most targets that are in work at once, over all ranks, if their tasks run on ranks of several
  /// roles: how far the search may run ahead. 0 = four for each thread of all ranks.
  int run_ahead = 0;
  /// Most bytes of each stream that are held for its readers, here and on the way to another rank.
  std::uint64_t window_bytes = std::uint64_t{64} << 20U;
};

/// Spreads targets over ranks: a coordinator hands them out one by one, or a few at a time when they
/// are quick, so that no rank waits while another has a heap. A target runs on one rank, unless ranks
/// have roles or different devices: then it is cut into parts, each of which runs on a rank of its
/// kind (on any, if there is none), and what flows from part to part goes from rank to rank. A stream
/// flows while it is made.
///
/// Rank 0 coordinates at first. Where the launcher lets the others live when a rank dies
/// (`mpirun --enable-recovery`, see Session), its work is given to the others, and if it coordinated,
/// the lowest rank that is left does so from then on: `leader` tells. Results that were stored, on a
/// file system that the ranks share, are not computed again.
///
/// All ranks must make the same calls with the same graph and the same targets in the same order:
/// only the positions of targets travel. Every rank reads its copy of the source through, so work
/// belongs into tasks, not into the source. Every rank brings its own store; on a shared file
/// system these may be the same folder.
///
/// What happens on all ranks is told to the observer of the rank that coordinates, with the rank in
/// the event; the observers of other ranks are not called. Once `wait` has returned, every rank knows
/// the outcomes of all targets. A value is on the rank that computed it; other ranks get it from their
/// store, else Error{NotFound} names the rank. `cancel` on any rank cancels the run on all; so does
/// the last Run on the rank that coordinates when it goes, while on another rank it only waits until
/// the run has ended everywhere. `wait` throws Error{Communication} if a rank was lost or the ranks disagree: then
/// the communicator is of no more use. It throws what the source threw, after the targets before it
/// have ended.
class DistributedExecutor final : public Executor {
 public:
  /// Collective; `roles` and `devices` may differ. @throws Error{InvalidArgument} for options out of
  /// range.
  explicit DistributedExecutor(Communicator communicator, DistributedExecutorOptions options = {});
  /// Collective. Waits for the runs that are still going on.
  ~DistributedExecutor() override;

  /// Collective. @throws Error{InvalidArgument} if a value that cannot be sent would have to go to
  /// ranks of another role.
  Run run_source(const Graph& graph, TargetSource source, RunOptions options) override;

  /// Threads of this rank.
  int threads() const noexcept;
  /// The rank that coordinates now.
  int leader() const;
  /// Ranks that were lost so far.
  std::vector<int> lost() const;
  const Communicator& communicator() const noexcept { return communicator_; }

 private:
  class Parts;
  Communicator communicator_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace foldstream::mpi
