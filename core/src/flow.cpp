#include "flow_queue.hpp"
#include "thread_pool.hpp"

#include <foldstream/error.hpp>
#include <foldstream/flow.hpp>
#include <foldstream/thread_executor.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace foldstream {
namespace {

constexpr std::uint32_t wide = 8;    ///< successors from which a fan is handed out as a range

/// A cheap clock; its unit is found out by comparison.
std::uint64_t ticks() {
#if defined(__x86_64__)
  return __rdtsc();
#elif defined(__aarch64__)
  std::uint64_t count;
  asm volatile("mrs %0, cntvct_el0" : "=r"(count));
  return count;
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

/// The flow as it is described, and as flat arrays once it has been run.
struct Flow::Wires {
  int tasks = 0;
  std::vector<std::pair<std::int32_t, std::int32_t>> edges;
  bool is_flat = false;
  std::vector<std::uint32_t> first;       ///< of each task, of those without predecessors, and the end
  std::vector<std::int32_t> successors;
  std::vector<std::int32_t> missing;
  std::vector<std::atomic<std::int32_t>> counters;

  void flatten();
  void check_acyclic() const;
};

void Flow::Wires::flatten() {
  const auto count = static_cast<std::size_t>(tasks);
  missing.assign(count, 0);
  first.assign(count + 2, 0);
  for (const auto& [before, after] : edges) {
    ++first[static_cast<std::size_t>(before) + 1];
    ++missing[static_cast<std::size_t>(after)];
  }
  for (std::size_t i = 1; i <= count; ++i) first[i] += first[i - 1];
  successors.resize(edges.size());
  std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
  for (const auto& [before, after] : edges)
    successors[next[static_cast<std::size_t>(before)]++] = after;
  for (std::size_t i = 0; i < count; ++i) {
    if (missing[i] != 0) continue;
    missing[i] = 1;  // of the beginning
    successors.push_back(static_cast<std::int32_t>(i));
  }
  first[count + 1] = static_cast<std::uint32_t>(successors.size());
  check_acyclic();
  counters = std::vector<std::atomic<std::int32_t>>(count);
  is_flat = true;
}

void Flow::Wires::check_acyclic() const {
  std::vector<std::int32_t> left = missing;
  std::vector<std::int32_t> open;
  int seen = 0;
  const auto tell = [&](std::size_t task) {
    for (std::uint32_t i = first[task]; i < first[task + 1]; ++i)
      if (--left[static_cast<std::size_t>(successors[i])] == 0) open.push_back(successors[i]);
  };
  for (tell(static_cast<std::size_t>(tasks)); !open.empty(); ++seen) {
    const std::int32_t task = open.back();
    open.pop_back();
    tell(static_cast<std::size_t>(task));
  }
  if (seen != tasks)
    throw Error(ErrorKind::InvalidArgument, std::to_string(tasks - seen) +
                                                " tasks of a flow wait for each other in a circle.");
}

/// One run of a flow: a work for each thread, which ends when all tasks have.
class FlowRun final : public Job {
 public:
  using Body = std::function<void(int, FlowThread&)>;

  FlowRun(Flow::Wires& wires, const Body& body, bool is_traced, int threads)
      : wires_(wires), body_(body), is_traced_(is_traced), queues_(static_cast<std::size_t>(threads)) {
    for (std::size_t i = 0; i < wires_.counters.size(); ++i)
      wires_.counters[i].store(wires_.missing[i], std::memory_order_relaxed);
    outstanding_ = wires_.tasks;
    const auto begin = wires_.first[static_cast<std::size_t>(wires_.tasks)];
    const auto end = static_cast<std::uint32_t>(wires_.successors.size());
    if (is_traced_)
      for (Queue& queue : queues_) queue.spans.reserve(wires_.counters.size());
    if (begin < end) queues_.front().push({Ready::Kind::told, begin, end});
  }

  static ThreadPool& pool_of(ThreadExecutor& executor) { return *executor.pool_; }

  void run(ThreadPool& pool) {
    began_ = seconds();
    began_ticks_ = ticks();
    std::vector<Submission> submissions;
    for (std::size_t i = 0; i < queues_.size(); ++i) {
      Submission& one = submissions.emplace_back();
      one.work = {this, nullptr, static_cast<std::int32_t>(i)};
      one.priority.position = static_cast<std::int32_t>(i);
    }
    pool.submit(submissions);
    pool.wait_until_idle(*this);
    if (failure_) std::rethrow_exception(failure_);
  }

  void collect(std::vector<FlowSpan>& trace) const {
    const double tick = (seconds() - began_) / static_cast<double>(std::max<std::uint64_t>(
                                                   1, ticks() - began_ticks_));
    trace.clear();
    for (std::size_t i = 0; i < queues_.size(); ++i)
      for (const Span& span : queues_[i].spans)
        trace.push_back({span.task, static_cast<std::int32_t>(i),
                         static_cast<double>(span.begin - began_ticks_) * tick,
                         static_cast<double>(span.end - began_ticks_) * tick});
  }

  void spawn(int thread, Spawned body) {
    outstanding_.fetch_add(1, std::memory_order_relaxed);
    queues_[static_cast<std::size_t>(thread)].push(std::move(body));
  }

  void perform(const Work& work, const Grant&) override {
    Queue& own = queues_[static_cast<std::size_t>(work.task)];
    FlowThread thread;
    thread.run_ = this;
    thread.number_ = work.task;
    int rounds = 0;
    Ready ready{};
    Spawned body;
    std::int64_t ended = 0;
    while (true) {
      if (own.pop(ready)) {
        ended += work_on(ready, own, thread);
        continue;
      }
      if (own.pop(body)) {
        ended += call(body, own, thread);
        continue;
      }
      if (steal(work.task)) {
        rounds = 0;
        continue;
      }
      // what this thread has ended is told when it has nothing else to do
      if (ended != 0) outstanding_.fetch_sub(std::exchange(ended, 0), std::memory_order_acq_rel);
      if (outstanding_.load(std::memory_order_acquire) == 0) return;
      relax_longer(rounds);
    }
  }
  std::optional<Work> conclude(const Work&, const Grant&, bool) override { return std::nullopt; }
  double pretended_seconds(const Work&, const Grant&) const override { return 0; }
  void on_time(const Work&, int) override {}
  void on_waiting(const Work&, const std::string&) override {}

 private:
  bool steal(int thread) {
    const auto own = static_cast<std::size_t>(thread);
    for (std::size_t i = 1; i < queues_.size(); ++i)
      if (queues_[(own + i) % queues_.size()].give(queues_[own])) return true;
    return false;
  }

  std::int64_t call(const Spawned& body, Queue& own, FlowThread& thread) {
    const std::uint64_t begin = is_traced_ ? ticks() : 0;
    guard([&] { body(thread); });
    if (is_traced_) own.spans.push_back({-1, begin, ticks()});
    return 1;
  }

  /// @returns how many tasks ended.
  std::int64_t work_on(const Ready& ready, Queue& own, FlowThread& thread) {
    if (ready.kind == Ready::Kind::task) return follow(static_cast<std::int32_t>(ready.begin), own, thread);
    std::int64_t ended = 0;
    for (std::uint32_t place = ready.begin; place < ready.end; ++place)
      if (const std::int32_t task = wires_.successors[place]; is_last_end(task))
        ended += follow(task, own, thread);
    return ended;
  }

  /// Counts one end of a predecessor.
  bool is_last_end(std::int32_t task) {
    const auto index = static_cast<std::size_t>(task);
    return wires_.missing[index] == 1 ||
           wires_.counters[index].fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

  /// Runs a task, then one that this made ready, and so on.
  std::int64_t follow(std::int32_t task, Queue& own, FlowThread& thread) {
    std::int64_t ended = 0;
    std::uint64_t begin = is_traced_ ? ticks() : 0;
    while (task >= 0) {
      guard([&] { body_(task, thread); });
      ++ended;
      if (is_traced_) {
        const std::uint64_t end = ticks();
        own.spans.push_back({task, begin, end});
        begin = end;
      }
      task = release(static_cast<std::size_t>(task), own);
    }
    return ended;
  }

  /// Tells the successors of a task; gives one that is ready, -1 if none is.
  std::int32_t release(std::size_t task, Queue& own) {
    const std::uint32_t end = wires_.first[task + 1];
    std::uint32_t place = wires_.first[task];
    if (end - place >= wide) {
      own.push({Ready::Kind::told, place, end});
      return -1;
    }
    std::int32_t next = -1;
    for (; place < end; ++place) {
      const std::int32_t successor = wires_.successors[place];
      if (!is_last_end(successor)) continue;
      if (next >= 0) {
        const auto ready = static_cast<std::uint32_t>(successor);
        own.push({Ready::Kind::task, ready, ready + 1});
      } else {
        next = successor;
      }
    }
    return next;
  }

  template <class Call>
  void guard(Call&& call) {
    if (has_failed_.load(std::memory_order_relaxed)) return;
    try {
      call();
    } catch (...) {
      if (!has_failed_.exchange(true)) failure_ = std::current_exception();
    }
  }

  Flow::Wires& wires_;
  const Body& body_;
  const bool is_traced_;
  std::vector<Queue> queues_;
  double began_ = 0;
  std::uint64_t began_ticks_ = 0;
  std::atomic<bool> has_failed_ = false;
  std::exception_ptr failure_;
  alignas(128) std::atomic<std::int64_t> outstanding_ = 0;
};

void FlowThread::spawn(std::function<void(FlowThread&)> body) { run_->spawn(number_, std::move(body)); }

Flow::Flow(int tasks) : wires_(std::make_unique<Wires>()) {
  if (tasks < 0)
    throw Error(ErrorKind::InvalidArgument,
                "a flow cannot have " + std::to_string(tasks) + " tasks.");
  wires_->tasks = tasks;
}
Flow::~Flow() = default;
Flow::Flow(Flow&&) noexcept = default;
Flow& Flow::operator=(Flow&&) noexcept = default;

int Flow::size() const noexcept { return wires_->tasks; }

void Flow::precede(int before, int after) {
  for (const int task : {before, after})
    if (task < 0 || task >= wires_->tasks)
      throw Error(ErrorKind::InvalidArgument, "a flow of " + std::to_string(wires_->tasks) +
                                                  " tasks has no task " + std::to_string(task) + ".");
  wires_->edges.emplace_back(before, after);
  wires_->is_flat = false;
}

void Flow::run(ThreadExecutor& executor,
               const std::function<void(int task, FlowThread& thread)>& body,
               std::vector<FlowSpan>* trace, int threads) {
  if (!wires_->is_flat) wires_->flatten();
  const int most = executor.threads();
  FlowRun run(*wires_, body, trace != nullptr, threads <= 0 ? most : std::min(threads, most));
  run.run(FlowRun::pool_of(executor));
  if (trace != nullptr) run.collect(*trace);
}

}  // namespace foldstream
