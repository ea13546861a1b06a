// GraphRun, deciding: whether a task whose producers have ended is run, and with what.
#include "harvest.hpp"

#include <algorithm>

namespace foldstream {
namespace {

/// Whether a task may go on with what the one before it was granted: it needs no more, and not so
/// much less that others would miss it.
bool is_enough(const Grant& grant, const Request& request) {
  const Request& held = grant.request;
  const auto fits = [](std::uint64_t wanted, std::uint64_t granted) {
    return wanted <= granted && granted <= 2 * wanted;
  };
  return grant.threads == 1 && request.max_threads <= 1 && held.arena == request.arena &&
         held.needs == nullptr && request.needs == nullptr && fits(request.bytes, held.bytes) &&
         fits(request.scratch_bytes, held.scratch_bytes);
}

}  // namespace

void GraphRun::decide(LiveTarget& live, int task, Harvest& harvest) {
  LiveTask& state = live[task];
  try {
    if (!is_runnable(live, task)) return end_task(live, task, harvest);
    const Submission one = submission(live, task);
    if (state.state != State::waiting) return end_task(live, task, harvest);  // too late for it
    if ((*live.wiring)[task].is_batched) return join_batch(live, task, one, harvest);
    if (harvest.grant != nullptr && !harvest.follow && is_enough(*harvest.grant, one.request))
      harvest.follow = one.work;
    else
      harvest.submissions.push_back(one);
  } catch (...) {
    fail(state, std::current_exception());
    end_task(live, task, harvest);
  }
}

/// Sets the state of a task that is not.
bool GraphRun::is_runnable(LiveTarget& live, int task) {
  LiveTask& state = live[task];
  const WiredTask& wired = (*live.wiring)[task];
  if (is_held_back(live, task)) return false;
  if (wired.guard >= 0 && !is_met(live, wired)) {
    state.state = State::bypassed;
    return false;
  }
  thread_local std::string fields;
  key_fields(live, task, fields);
  state.has_key = !fields.empty();
  if (state.has_key) state.key = key_of(fields);
  if (!is_reusable(live, task)) return true;
  state.state = State::reused;
  return false;
}

/// Because a task that it depends on did not end well, or was bypassed.
bool GraphRun::is_held_back(LiveTarget& live, int task) {
  const WiredTask& wired = (*live.wiring)[task];
  LiveTask& state = live[task];
  bool is_bypassed = false;
  const auto depends_on = [&](int producer, bool is_optional) {
    const LiveTask& cause = live[producer];
    if (cause.state == State::bypassed && !is_optional) is_bypassed = true;
    const State ended = cause.state;
    if (foldstream::is_good(ended) || ended == State::waiting) return false;  // its stream has begun
    const bool is_cancelled = ended == State::cancelled;
    hold_back(state, is_cancelled ? State::cancelled : State::skipped, cause,
              (*live.wiring)[producer].task->name);
    return true;
  };
  if (wired.guard >= 0 && depends_on(wired.guard, false)) return true;
  for (const InputSource& source : live.wiring->inputs(task))
    if (source.producer >= 0 && depends_on(source.producer, source.is_optional)) return true;
  if (is_bypassed) state.state = State::bypassed;
  return is_bypassed;
}

void GraphRun::hold_back(LiveTask& task, State state, const LiveTask& cause,
                         const std::string& by) {
  std::string message = cause.failure->message;
  if (cause.state == State::failed) message = "'" + by + "' failed: " + message;
  if (cause.state == State::cancelled && cause.failure->error) message = "'" + by + "' was cancelled.";
  task.failure = std::make_unique<TaskFailure>(
      TaskFailure{nullptr, cause.failure->kind, std::move(message)});
  task.state = state;
}

/// Whether the condition of a task is met. A run that only pretends takes every branch.
bool GraphRun::is_met(LiveTarget& live, const WiredTask& wired) {
  if (pretends_) return true;
  load(live, wired.guard, make_context(live, wired.guard, {}));
  return live[wired.guard].values.at(position_of(wired.guard_output)).as<bool>() == wired.wanted;
}

bool GraphRun::is_reusable(LiveTarget& live, int task) {
  const LiveTask& state = live[task];
  if (!options_.store || !state.has_key || !options_.store->contains(state.key)) return false;
  const Task& described = *(*live.wiring)[task].task;
  if (!described.is_current && !(*live.wiring)[task].has_streams) return true;
  const auto loaded = load_outputs(described, state.key, *options_.store, hub_.get());
  if (!loaded) return false;
  if (!described.is_current) return true;
  Values values;
  for (std::size_t i = 0; i < loaded->size(); ++i)
    values.emplace(described.outputs[i].name, (*loaded)[i]);
  return described.is_current(values);
}

Cost GraphRun::cost_of(const LiveTarget& live, const Task& task, Cost* uncorrected) const {
  if (!task.cost) return {};
  std::unique_lock lock(mutex_, std::defer_lock);
  if (live.wiring->has_measures()) lock.lock();
  const Cost cost = task.cost(live.magnitudes());
  if (lock.owns_lock()) lock.unlock();
  if (uncorrected != nullptr) *uncorrected = cost;
  return options_.costs ? options_.costs->corrected(task.name, cost) : cost;
}

/// @throws Error{Resources} if it can never be granted; what a cost function throws.
Submission GraphRun::submission(LiveTarget& live, int task) {
  const WiredTask& wired = (*live.wiring)[task];
  const Task& described = *wired.task;
  Submission one;
  one.work = {this, &live, task};
  one.priority.user = -described.priority;
  one.priority.run = number_;
  one.priority.target = live.index;
  one.priority.position = task;
  if (!live.levels.empty()) {
    one.priority.path = -live.levels.back();
    one.priority.level = -live.levels[position_of(task)];
  }
  if (wired.is_plain) {
    cancel_if_late(live, task, {});
    return one;
  }
  const Cost cost = cost_of(live, described);
  const bool has_needs = !described.needs.device.empty() || !described.needs.tokens.empty();
  const std::uint64_t kept = options_.kept_bytes > 0 ? std::min(cost.kept_bytes, cost.bytes) : 0;
  one.request = {described.needs.arena, std::max(1, described.max_threads),
                 cost.bytes - kept,     cost.scratch_bytes,
                 cost.device_bytes,     has_needs ? &described.needs : nullptr};
  pool_.ledger().check_possible(described.name, one.request);
  cancel_if_late(live, task, cost);
  return one;
}

/// Cancels a task that would run past the deadline.
void GraphRun::cancel_if_late(LiveTarget& live, int task, const Cost& cost) {
  const Task& described = *(*live.wiring)[task].task;
  if (options_.deadline_seconds <= 0 || described.keeps_parts) return;
  const int threads = std::clamp(described.max_threads, 1, pool_.ledger().capacity().threads);
  const double late = elapsed() + cost.seconds / threads - options_.deadline_seconds;
  if (late <= 0) return;
  fail(live[task], std::make_exception_ptr(
                       Error(ErrorKind::Cancelled,
                             "it would end " + std::to_string(static_cast<int>(late) + 1) +
                                 " s after the deadline of the run. Run again to go on.")));
}

}  // namespace foldstream
