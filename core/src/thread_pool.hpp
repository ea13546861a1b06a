// ThreadPool: the threads and memory that the runs of one executor share, granted all or nothing.
#pragma once

#include <foldstream/task.hpp>

#include <compare>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace foldstream {

/// Order in which waiting work is started: earlier runs first, then earlier targets, then tasks.
/// No two works that wait may have the same turn.
struct Turn {
  int run = 0;
  int target = 0;
  int position = 0;

  friend auto operator<=>(const Turn&, const Turn&) = default;
};

/// Work that waits for its grant.
struct Work {
  int max_threads = 1;
  std::uint64_t bytes = 0;
  std::function<void(int threads)> start;  ///< called on a thread of the pool; must not throw
};

/// Threads of its own, so that as many bodies run at once as were granted whatever limits the host
/// program has set on oneTBB; each body runs in a oneTBB arena no wider than its grant, so that
/// parallel code in it neither takes more nor picks up another body while it waits. Thread-safe;
/// destroyed on no thread of its own.
class ThreadPool {
 public:
  ThreadPool(int threads, std::uint64_t memory_bytes);
  /// Every run must be closed and idle.
  ~ThreadPool();

  int threads() const noexcept { return threads_; }
  std::uint64_t memory_bytes() const noexcept { return memory_bytes_; }

  /// A number for a new run, later than all before.
  int open_run();
  void close_run();
  /// Returns when every opened run is closed.
  void wait_for_runs();
  /// Returns when no work of `run` waits, runs, or is held any more.
  void wait_until_idle(int run);

  void submit(const Turn& turn, Work work);

 private:
  struct Granted {
    int run;
    int threads;
    Work work;
  };

  void serve();
  void grant_what_fits();
  void release(const Granted& granted);

  const int threads_;
  const std::uint64_t memory_bytes_;
  std::mutex mutex_;  ///< guards what follows, but workers_
  std::condition_variable work_granted_;
  std::condition_variable ended_;
  std::map<Turn, Work> waiting_;
  std::deque<Granted> granted_;
  std::map<int, int> held_;  ///< works of a run that are not released
  int free_threads_;
  std::uint64_t used_bytes_ = 0;
  int open_runs_ = 0;
  int next_run_ = 0;
  bool is_closing_ = false;
  std::vector<std::jthread> workers_;
};

}  // namespace foldstream
