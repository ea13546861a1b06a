// ThreadExecutor: runs graphs on the threads of this process.
#pragma once

#include <foldstream/executor.hpp>

#include <cstdint>
#include <memory>

namespace foldstream {

struct ThreadExecutorOptions {
  int threads = 0;                 ///< 0 = as many as this process may use (its affinity mask)
  std::uint64_t memory_bytes = 0;  ///< tasks that run at once may cost this much together; 0 = no limit
};

/// Runs tasks on threads of its own. A task is granted between one thread and its `max_threads`,
/// never more than are free; oneTBB code in it runs in an arena no wider than that. A task whose
/// estimate exceeds the memory limit fails with Error{Resources} before it starts. Earlier targets go
/// first, so that they end first. A task must not wait for a run of its own executor.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(ThreadExecutorOptions options = {});
  /// Waits for the runs that are still going on.
  ~ThreadExecutor() override;

  Run run_source(const Graph& graph, TargetSource source, RunOptions options) override;
  int threads() const noexcept;

 private:
  std::shared_ptr<class ThreadPool> pool_;
};

/// How many threads this process may use: the size of its affinity mask.
int usable_threads();

}  // namespace foldstream
