// ThreadPool: the threads and other resources that the runs of one executor share.
#pragma once

#include "pool.hpp"

#include <array>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace foldstream {

/// Threads of its own, so that as many bodies run at once as were granted whatever limits the host
/// program has set on oneTBB; each body runs in a oneTBB arena no wider than its grant, so that
/// parallel code in it neither takes more nor picks up another body while it waits. Destroyed on no
/// thread of its own.
class ThreadPool final : public Pool {
 public:
  /// @param disorder  not 0: seed of a random order, for tests
  /// @param on_thread  called first by each thread that works; may be empty
  ThreadPool(Capacity capacity, std::uint64_t disorder, std::function<void()> on_thread);
  /// Every job must have left.
  ~ThreadPool() override;

  int threads() const noexcept { return ledger_.capacity().threads; }

  double now() const override;
  const Ledger& ledger() const override { return ledger_; }
  void hold(std::uint64_t bytes) override;
  void drop(std::uint64_t bytes) override;
  void submit(std::span<const Submission> submissions) override;
  void after(double seconds, const Work& work, int purpose) override;
  void hurry(const Job& job) override;

  /// A number for a new run, later than all before.
  int open_run();
  void close_run();
  /// Returns when every opened run is closed.
  void wait_for_runs();
  /// Returns when nothing of the job waits or runs any more, and drops its times.
  void wait_until_idle(Job& job);

 private:
  struct Timer {
    double at;
    std::uint64_t number;
    Work work;
    int purpose;
  };

  void start_workers();
  void serve(Arena arena);
  void run(const Ledger::Granted& granted);
  bool may_follow(Arena arena);
  void wake(Arena arena);
  void end(const Ledger::Granted& granted);
  void keep_time();

  mutable std::mutex mutex_;  ///< guards what follows, but workers_
  Ledger ledger_;
  std::array<std::condition_variable, arena_count> work_granted_;
  std::array<int, arena_count> idle_{};
  std::condition_variable ended_;
  std::condition_variable time_changed_;
  std::vector<Timer> timers_;  ///< a heap, the earliest first
  const Job* timed_job_ = nullptr;  ///< whose on_time is being called
  std::uint64_t timer_count_ = 0;
  int open_runs_ = 0;
  int next_run_ = 0;
  bool is_closing_ = false;
  std::uint64_t disorder_;
  const std::function<void()> on_thread_;
  std::minstd_rand random_;
  std::thread timekeeper_;  ///< begun with the first timer
  std::vector<std::jthread> workers_;
};

}  // namespace foldstream
