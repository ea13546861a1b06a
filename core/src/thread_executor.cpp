#include "thread_pool.hpp"
#include "thread_run.hpp"

#include <foldstream/thread_executor.hpp>

#include <sched.h>

#include <algorithm>
#include <thread>

namespace foldstream {

int usable_threads() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0)  // more CPUs than a cpu_set_t has bits
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return std::max(1, CPU_COUNT(&mask));
}

ThreadExecutor::ThreadExecutor(ThreadExecutorOptions options) {
  if (options.threads < 0)
    throw Error(ErrorKind::InvalidArgument,
                "an executor cannot have " + std::to_string(options.threads) + " threads.");
  const int threads = options.threads == 0 ? usable_threads() : options.threads;
  pool_ = std::make_shared<ThreadPool>(threads, options.memory_bytes);
}

ThreadExecutor::~ThreadExecutor() { pool_->wait_for_runs(); }

int ThreadExecutor::threads() const noexcept { return pool_->threads(); }

Run ThreadExecutor::run_source(const Graph& graph, TargetSource source, RunOptions options) {
  const auto run = std::make_shared<ThreadRun>(graph, std::move(source), std::move(options), pool_);
  run->start();
  // the handle's own count: when it ends, the run ends; tasks in flight still hold `run` itself
  return Run(std::shared_ptr<RunState>(run.get(), [run](RunState*) { run->finish(); }));
}

}  // namespace foldstream
