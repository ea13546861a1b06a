#include "thread_pool.hpp"

#include "brief_lock.hpp"

#include <foldstream/error.hpp>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <map>
#include <system_error>

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

constexpr std::array arenas = {Arena::work, Arena::model, Arena::io};

std::size_t at(Arena arena) { return static_cast<std::size_t>(arena); }

constexpr auto is_later = [](const auto& a, const auto& b) {
  return a.at != b.at ? a.at > b.at : a.number > b.number;
};

}  // namespace

ThreadPool::ThreadPool(Capacity capacity, std::uint64_t disorder, std::function<void()> on_thread)
    : ledger_(std::move(capacity)),
      disorder_(disorder),
      on_thread_(std::move(on_thread)),
      random_(disorder) {
  try {
    start_workers();
  } catch (const std::system_error&) {
    const std::size_t got = workers_.size();
    {
      const std::unique_lock lock = lock_briefly(mutex_);
      is_closing_ = true;
    }
    for (auto& condition : work_granted_) condition.notify_all();
    throw Error(ErrorKind::Resources, "the system gave " + std::to_string(got) + " of the threads " +
                                          "asked for. Ask for fewer, or raise its limit.");
  }
}

void ThreadPool::start_workers() {
  const Capacity& capacity = ledger_.capacity();
  const std::array counts = {capacity.threads, capacity.model_threads, capacity.io_threads};
  for (const Arena arena : arenas)
    for (int i = 0; i < counts[at(arena)]; ++i) workers_.emplace_back([this, arena] { serve(arena); });
}

ThreadPool::~ThreadPool() {
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    is_closing_ = true;
  }
  for (auto& condition : work_granted_) condition.notify_all();
  time_changed_.notify_all();
  if (timekeeper_.joinable()) timekeeper_.join();
}

double ThreadPool::now() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int ThreadPool::open_run() {
  const std::unique_lock lock = lock_briefly(mutex_);
  ++open_runs_;
  return next_run_++;
}

void ThreadPool::close_run() {
  const std::unique_lock lock = lock_briefly(mutex_);
  --open_runs_;
  ended_.notify_all();
}

void ThreadPool::wait_for_runs() {
  std::unique_lock lock = lock_briefly(mutex_);
  ended_.wait(lock, [this] { return open_runs_ == 0; });
}

void ThreadPool::wait_until_idle(Job& job) {
  std::unique_lock lock = lock_briefly(mutex_);
  ended_.wait(lock, [&] { return job.held == 0 && timed_job_ != &job; });
  std::erase_if(timers_, [&](const Timer& timer) { return timer.work.job == &job; });
  std::ranges::make_heap(timers_, is_later);
}

void ThreadPool::hold(std::uint64_t bytes) {
  const std::unique_lock lock = lock_briefly(mutex_);
  ledger_.hold(bytes);
}

void ThreadPool::drop(std::uint64_t bytes) {
  const std::unique_lock lock = lock_briefly(mutex_);
  ledger_.drop(bytes);
  for (const Arena arena : arenas)
    if (ledger_.is_waiting(arena)) wake(arena);
}

void ThreadPool::submit(std::span<const Submission> submissions) {
  std::vector<std::pair<Work, std::string>> short_ones;
  std::unique_lock lock = lock_briefly(mutex_);
  for (const Submission& one : submissions) {
    if (one.request.bytes == 0 && one.request.scratch_bytes == 0 && one.request.needs == nullptr)
      continue;
    const std::string what = ledger_.shortage(one.request);
    if (!what.empty() && what != "threads") short_ones.emplace_back(one.work, what);
  }
  if (!short_ones.empty()) {  // told before they can begin, and not under the lock
    lock.unlock();
    for (const auto& [work, what] : short_ones) work.job->on_waiting(work, what);
    lock.lock();
  }
  for (const Submission& one : submissions) {
    Priority priority = one.priority;
    if (disorder_ != 0) priority.user = static_cast<std::int32_t>(random_());
    ++one.work.job->held;
    ledger_.enqueue(one.work, priority, one.request);
    wake(one.request.arena);
  }
}

void ThreadPool::wake(Arena arena) {
  if (idle_[at(arena)] > 0) work_granted_[at(arena)].notify_one();
}

void ThreadPool::serve(Arena arena) {
  if (on_thread_) on_thread_();
  oneapi::tbb::task_arena alone(1, 1);
  alone.execute([&] {
    std::unique_lock lock = lock_briefly(mutex_);
    while (true) {
      const std::optional<Ledger::Granted> granted = ledger_.next(arena);
      if (granted) {
        for (const Arena other : arenas)
          if ((other == arena || granted->ends_reservation) && ledger_.is_waiting(other)) wake(other);
        lock.unlock();
        run(*granted);
        lock.lock();
        end(*granted);
        continue;
      }
      if (is_closing_) return;
      ++idle_[at(arena)];
      work_granted_[at(arena)].wait(lock);
      --idle_[at(arena)];
    }
  });
}

void ThreadPool::run(const Ledger::Granted& granted) {
  const auto work_through = [&] {
    Work work = granted.work;
    const Grant& grant = granted.grant;
    while (true) {
      work.job->perform(work, grant);
      const auto next = work.job->conclude(work, grant, may_follow(grant.request.arena));
      if (!next) return;
      work = *next;
    }
  };
  const int width = granted.grant.threads == 1 ? 1 : arena_width(granted.grant.threads);
  if (width == 1) return work_through();
  thread_local std::map<int, oneapi::tbb::task_arena> wide;
  wide.try_emplace(width, width, 1).first->second.execute(work_through);
}

bool ThreadPool::may_follow(Arena arena) {
  if (disorder_ != 0) {
    const std::unique_lock lock = lock_briefly(mutex_);
    if (random_() % 2 == 0) return false;
  }
  return ledger_.follow(arena);
}

void ThreadPool::end(const Ledger::Granted& granted) {
  ledger_.release(granted.grant);
  for (const Arena arena : arenas)
    if (ledger_.is_waiting(arena)) wake(arena);
  if (--granted.work.job->held == 0) ended_.notify_all();
}

void ThreadPool::after(double seconds, const Work& work, int purpose) {
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    timers_.push_back({now() + seconds, timer_count_++, work, purpose});
    std::ranges::push_heap(timers_, is_later);
    if (!timekeeper_.joinable()) timekeeper_ = std::thread([this] { keep_time(); });
  }
  time_changed_.notify_all();
}

void ThreadPool::hurry(const Job& job) {
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    for (Timer& timer : timers_)
      if (timer.work.job == &job) timer.at = 0;
    std::ranges::make_heap(timers_, is_later);
  }
  time_changed_.notify_all();
}

void ThreadPool::keep_time() {
  std::unique_lock lock = lock_briefly(mutex_);
  while (!is_closing_) {
    if (timers_.empty()) {
      time_changed_.wait(lock);
    } else if (const double wait = timers_.front().at - now(); wait > 0) {
      time_changed_.wait_for(lock, std::chrono::duration<double>(wait));
    } else {
      const Timer timer = timers_.front();
      std::ranges::pop_heap(timers_, is_later);
      timers_.pop_back();
      timed_job_ = timer.work.job;
      lock.unlock();
      timer.work.job->on_time(timer.work, timer.purpose);
      lock.lock();
      timed_job_ = nullptr;
      ended_.notify_all();
    }
  }
}

}  // namespace foldstream
