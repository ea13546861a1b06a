#include "graph_run.hpp"
#include "thread_pool.hpp"

#include <foldstream/thread_executor.hpp>

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace foldstream {
namespace {

/// A run and the thread that reads its targets, which may have to wait for them.
class FedRun {
 public:
  FedRun(const Graph& graph, TargetSource source, RunOptions options, std::shared_ptr<ThreadPool> pool)
      : pool_(std::move(pool)),
        source_(std::move(source)),
        may_begin_(options.may_begin),
        window_(options.window > 0 ? options.window : std::max(256, 32 * pool_->threads())),
        run_(graph, std::move(options), *pool_, pool_->open_run(), false) {
    run_.on_closed([this] { pool_->close_run(); });
    try {
      feeder_ = std::thread([this] { feed(); });
    } catch (...) {
      pool_->close_run();
      throw;
    }
  }
  ~FedRun() {
    run_.cancel();
    run_.wait_until_closed();
    feeder_.join();
    pool_->wait_until_idle(run_);  // from here on no other thread touches the run or its graph
  }
  GraphRun& run() { return run_; }

 private:
  void feed() {
    std::exception_ptr failure;
    try {
      while (true) {
        run_.wait_for_room(window_);
        while (may_begin_ && !run_.is_stopped() && !may_begin_())
          std::this_thread::sleep_for(std::chrono::milliseconds(100));
        if (run_.is_stopped()) break;
        std::optional<Target> target = source_();
        if (!target) break;
        run_.admit(std::move(*target));
      }
    } catch (...) {
      failure = std::current_exception();
    }
    run_.close(failure);
  }

  const std::shared_ptr<ThreadPool> pool_;
  const TargetSource source_;
  const std::function<bool()> may_begin_;
  const int window_;
  GraphRun run_;
  std::thread feeder_;
};

Capacity capacity_of(const ThreadExecutorOptions& options) {
  if (options.threads < 0)
    throw Error(ErrorKind::InvalidArgument,
                "an executor cannot have " + std::to_string(options.threads) + " threads.");
  return {options.threads == 0 ? usable_threads() : options.threads,
          options.memory_bytes,
          options.scratch_bytes,
          options.devices,
          options.tokens,
          options.model_threads,
          options.io_threads};
}

}  // namespace

int usable_threads() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) != 0)  // more CPUs than a cpu_set_t has bits
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return std::max(1, CPU_COUNT(&mask));
}

ThreadExecutor::ThreadExecutor(ThreadExecutorOptions options)
    : pool_(std::make_shared<ThreadPool>(capacity_of(options), options.disorder, options.on_thread)) {}

ThreadExecutor::~ThreadExecutor() { pool_->wait_for_runs(); }

int ThreadExecutor::threads() const noexcept { return pool_->threads(); }

Run ThreadExecutor::run_source(const Graph& graph, TargetSource source, RunOptions options) {
  const auto fed =
      std::make_shared<FedRun>(graph, std::move(source), std::move(options), pool_);
  return Run(std::shared_ptr<RunState>(fed, &fed->run()));
}

}  // namespace foldstream
