#include "graph_run.hpp"

#include <foldstream/virtual_executor.hpp>

#include <algorithm>
#include <random>

namespace foldstream {
namespace {

/// A pool whose threads are numbers.
class VirtualPool final : public Pool {
 public:
  VirtualPool(std::shared_ptr<VirtualClock> clock, Capacity capacity, std::uint64_t disorder)
      : clock_(std::move(clock)), ledger_(std::move(capacity)), disorder_(disorder), random_(disorder) {}

  double now() const override { return clock_->now(); }
  const Ledger& ledger() const override { return ledger_; }
  void hold(std::uint64_t bytes) override { ledger_.hold(bytes); }
  void drop(std::uint64_t bytes) override { ledger_.drop(bytes); }

  void submit(std::span<const Submission> submissions) override {
    for (const Submission& one : submissions) {
      Priority priority = one.priority;
      if (disorder_ != 0) priority.user = static_cast<std::int32_t>(random_());
      const std::string what = ledger_.shortage(one.request);
      if (!what.empty() && what != "threads") one.work.job->on_waiting(one.work, what);
      ledger_.enqueue(one.work, priority, one.request);
    }
    dispatch_soon();
  }

  void after(double seconds, const Work& work, int purpose) override {
    clock_->after(seconds, [work, purpose] { work.job->on_time(work, purpose); });
  }
  void hurry(const Job&) override {}  // whoever steps the clock steps it to the end

 private:
  void dispatch_soon() {
    if (is_dispatching_) return;
    is_dispatching_ = true;
    clock_->after(0, [this] { dispatch(); });
  }

  void dispatch() {
    is_dispatching_ = false;
    for (const Arena arena : {Arena::work, Arena::model, Arena::io})
      while (const auto granted = ledger_.next(arena)) start(granted->work, granted->grant);
  }

  void start(const Work& work, const Grant& grant) {
    work.job->perform(work, grant);
    double seconds = work.job->pretended_seconds(work, grant);
    if (disorder_ != 0) seconds = (seconds + 1) * std::exponential_distribution<>()(random_);
    clock_->after(seconds, [this, work, grant] { end(work, grant); });
  }

  void end(const Work& work, const Grant& grant) {
    const Arena arena = grant.request.arena;
    if (const auto next = work.job->conclude(work, grant, ledger_.follow(arena)))
      return start(*next, grant);
    ledger_.release(grant);
    dispatch_soon();
  }

  std::shared_ptr<VirtualClock> clock_;
  Ledger ledger_;
  bool is_dispatching_ = false;
  std::uint64_t disorder_;
  std::minstd_rand random_;
};

}  // namespace

void VirtualClock::after(double seconds, std::function<void()> what) {
  due_.push_back({now_ + std::max(0.0, seconds), count_++, std::move(what)});
  std::ranges::push_heap(due_, is_later);
}

bool VirtualClock::step() {
  if (due_.empty()) return false;
  std::ranges::pop_heap(due_, is_later);
  const Due due = std::move(due_.back());
  due_.pop_back();
  now_ = due.at;
  due.what();
  return true;
}

class VirtualMachine::Impl {
 public:
  Impl(std::shared_ptr<VirtualClock> clock, const Graph& graph, VirtualOptions options, RunOptions run_options)
      : pool(std::move(clock), std::move(options.capacity), options.disorder),
        run(graph, std::move(run_options), pool, 0, options.pretends) {}

  VirtualPool pool;
  GraphRun run;
};

VirtualMachine::VirtualMachine(std::shared_ptr<VirtualClock> clock, const Graph& graph,
                               VirtualOptions options, RunOptions run_options)
    : impl_(std::make_shared<Impl>(std::move(clock), graph, std::move(options), std::move(run_options))) {}

void VirtualMachine::admit(Target target) { impl_->run.admit(std::move(target)); }
void VirtualMachine::close(std::exception_ptr failure) { impl_->run.close(std::move(failure)); }
int VirtualMachine::live() const { return impl_->run.live_count(); }
Run VirtualMachine::run() const { return Run(std::shared_ptr<RunState>(impl_, &impl_->run)); }

Run VirtualExecutor::run_source(const Graph& graph, TargetSource source, RunOptions options) {
  const auto clock = std::make_shared<VirtualClock>();
  const int window =
      options.window > 0 ? options.window : std::max(256, 32 * options_.capacity.threads);
  VirtualMachine machine(clock, graph, options_, std::move(options));
  bool is_fed = false;
  double ended = 0;
  while (true) {
    try {
      while (!is_fed && machine.live() < window) {
        if (std::optional<Target> target = source()) {
          machine.admit(std::move(*target));
        } else {
          is_fed = true;
          machine.close();
        }
      }
    } catch (...) {
      is_fed = true;
      machine.close(std::current_exception());
    }
    const bool was_live = machine.live() > 0;
    if (!clock->step()) break;
    if (was_live) ended = clock->now();  // no timer that nothing waits for any more
  }
  makespan_ = ended;
  return machine.run();
}

}  // namespace foldstream
