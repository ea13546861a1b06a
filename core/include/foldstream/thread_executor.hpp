// ThreadExecutor: runs graphs on the threads of this process.
#pragma once

#include <foldstream/executor.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace foldstream {

struct ThreadExecutorOptions {
  int threads = 0;                 ///< 0 = as many as this process may use (its affinity mask)
  std::uint64_t memory_bytes = 0;  ///< tasks that run at once may cost this much together; 0 = no limit
  // the rest as in Capacity
  std::uint64_t scratch_bytes = 0;
  std::vector<Device> devices = {};
  std::map<std::string, int> tokens = {};
  int model_threads = 1;
  int io_threads = 2;
  /// Called first by each of its threads; may be empty. Must not throw.
  std::function<void()> on_thread = {};
  /// For tests: not 0 = tasks that are ready are started in a disorder that follows from this seed.
  std::uint64_t disorder = 0;
};

/// Runs tasks on threads of its own, which other code of the program never sees. A task is granted
/// all it needs at once: between one thread and its `max_threads`, never more than are free, with the
/// memory, device and tokens it asks for; oneTBB code in it runs in an arena no wider than that. A
/// task that needs more than there is fails with Error{Resources} before it starts.
///
/// Of the tasks that are ready, those of higher priority go first, then those of the target with the
/// longest chain of work by its estimates, then those of earlier targets; a task that does not fit
/// is passed by others only a few times. A task must not wait for a run of its own executor.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(ThreadExecutorOptions options = {});
  /// Waits for the runs that are still going on.
  ~ThreadExecutor() override;

  Run run_source(const Graph& graph, TargetSource source, RunOptions options) override;
  int threads() const noexcept;

 private:
  friend class FlowRun;
  std::shared_ptr<class ThreadPool> pool_;
};

/// How many threads this process may use: the size of its affinity mask.
int usable_threads();

}  // namespace foldstream
