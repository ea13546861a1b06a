// GroupCommit: what many threads write is made durable together, soon but not at once.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace foldstream::io {

/// Calls a commit from a thread of its own while there is something to commit. Thread-safe.
class GroupCommit {
 public:
  /// How long and how much may wait.
  struct Pace {
    std::chrono::milliseconds interval{200};
    std::uint64_t bytes = std::uint64_t{256} << 20;
  };

  /// @param commit makes durable what was written before it is called; one call at a time, also
  ///        from the threads that call `now`. What it throws reaches the next `check` or `now`.
  explicit GroupCommit(std::function<void()> commit) : GroupCommit(std::move(commit), Pace{}) {}
  GroupCommit(std::function<void()> commit, Pace pace) : commit_(std::move(commit)), pace_(pace) {}
  /// Ends the thread. Commits nothing: call `now` before.
  ~GroupCommit();
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  /// So many bytes were written and wait. The first call starts the thread.
  void note(std::uint64_t bytes);
  /// Commits in the calling thread whatever waits. @throws what the commit does, or did before.
  void now();
  /// Throws, once, what a commit of the thread has thrown. Cheap.
  void check() {
    if (has_failed_.load(std::memory_order_relaxed)) throw_failure();
  }

 private:
  void run();
  void commit_and_keep_failure();
  void throw_failure();

  const std::function<void()> commit_;
  const Pace pace_;
  std::atomic<std::uint64_t> waiting_ = 0;  ///< bytes
  std::atomic<bool> has_failed_ = false;
  std::mutex committing_;

  std::mutex mutex_;  ///< for what follows; taken after `committing_`
  std::condition_variable wake_;
  bool is_ending_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace foldstream::io
