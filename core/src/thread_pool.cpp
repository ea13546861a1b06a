#include "thread_pool.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>

namespace foldstream {
namespace {

/// As wide as the grant, as far as oneTBB would give it threads (it prints a warning otherwise).
int arena_width(int granted) {
  using oneapi::tbb::global_control;
  const std::size_t allowed =
      std::min(global_control::active_value(global_control::max_allowed_parallelism),
               static_cast<std::size_t>(oneapi::tbb::info::default_concurrency()));
  return static_cast<int>(std::clamp<std::size_t>(allowed, 1, static_cast<std::size_t>(granted)));
}

}  // namespace

ThreadPool::ThreadPool(int threads, std::uint64_t memory_bytes)
    : threads_(threads), memory_bytes_(memory_bytes), free_threads_(threads) {
  try {
    for (int i = 0; i < threads; ++i) workers_.emplace_back([this] { serve(); });
  } catch (const std::system_error&) {
    const std::size_t got = workers_.size();
    {
      const std::scoped_lock lock(mutex_);
      is_closing_ = true;
    }
    work_granted_.notify_all();
    throw Error(ErrorKind::Resources, "the system gave " + std::to_string(got) + " of " +
                                          std::to_string(threads) +
                                          " threads. Ask for fewer, or raise its limit.");
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::scoped_lock lock(mutex_);
    is_closing_ = true;
  }
  work_granted_.notify_all();
}

int ThreadPool::open_run() {
  const std::scoped_lock lock(mutex_);
  ++open_runs_;
  return next_run_++;
}

void ThreadPool::close_run() {
  const std::scoped_lock lock(mutex_);
  --open_runs_;
  ended_.notify_all();
}

void ThreadPool::wait_for_runs() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return open_runs_ == 0; });
}

void ThreadPool::wait_until_idle(int run) {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [&] { return !held_.contains(run); });
}

void ThreadPool::submit(const Turn& turn, Work work) {
  const std::scoped_lock lock(mutex_);
  if (!waiting_.emplace(turn, std::move(work)).second)
    throw Error(ErrorKind::Internal, "two tasks wait for the same turn.");
  ++held_[turn.run];
  grant_what_fits();
}

void ThreadPool::grant_what_fits() {
  while (free_threads_ > 0 && !waiting_.empty()) {
    const auto next = waiting_.begin();  // strictly in turn, so that a large request cannot starve
    Work& work = next->second;
    if (memory_bytes_ != 0 && used_bytes_ + work.bytes > memory_bytes_) return;
    const int share = free_threads_ / static_cast<int>(waiting_.size());
    const int most = std::max(1, std::min(work.max_threads, free_threads_));
    const int threads = std::clamp(share, 1, most);
    free_threads_ -= threads;
    used_bytes_ += work.bytes;
    granted_.push_back({next->first.run, threads, std::move(work)});
    waiting_.erase(next);
    work_granted_.notify_one();
  }
}

void ThreadPool::serve() {
  std::map<int, oneapi::tbb::task_arena> arenas;  // by width
  std::unique_lock lock(mutex_);
  while (true) {
    work_granted_.wait(lock, [this] { return is_closing_ || !granted_.empty(); });
    if (granted_.empty()) return;
    Granted next = std::move(granted_.front());
    granted_.pop_front();
    lock.unlock();
    const int width = arena_width(next.threads);
    arenas.try_emplace(width, width, 1).first->second.execute([&] {
      next.work.start(next.threads);
    });
    next.work.start = nullptr;  // what it holds goes before anyone is told that it ended
    lock.lock();
    release(next);
  }
}

void ThreadPool::release(const Granted& granted) {
  free_threads_ += granted.threads;
  used_bytes_ -= granted.work.bytes;
  if (--held_[granted.run] == 0) held_.erase(granted.run);
  grant_what_fits();
  ended_.notify_all();
}

}  // namespace foldstream
