// GraphRun, running: attempts at tasks, how they end, and retries.
#include "harvest.hpp"

#include <foldstream/control.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace foldstream {
namespace {

/// When the body that this thread ran last ended, on the clock of its pool: reading it costs as much
/// as a small task.
thread_local double ended_at = 0;
/// Whether what it runs next follows from that at once.
thread_local bool goes_on = false;

int retries_of(const Retry& retry, ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Io:
      return retry.io;
    case ErrorKind::Communication:
      return retry.communication;
    case ErrorKind::Resources:
      return retry.resources;
    case ErrorKind::Task:
      return retry.task;
    default:
      return 0;
  }
}

}  // namespace

void GraphRun::perform(const Work& work, const Grant& grant) {
  const bool follows = std::exchange(goes_on, false) && !pretends_;
  if (work.task < 0) return perform_batch(*static_cast<Batch*>(work.item), grant);
  attempt(*static_cast<LiveTarget*>(work.item), work.task, grant,
          follows ? ended_at : pool_.now());
}

std::optional<Work> GraphRun::conclude(const Work& work, const Grant& grant, bool may_follow) {
  Harvest& harvest = Harvest::of_thread(may_follow ? &grant : nullptr);
  if (work.task < 0) {
    conclude_batch(std::unique_ptr<Batch>(static_cast<Batch*>(work.item)), harvest);
  } else {
    LiveTarget& live = *static_cast<LiveTarget*>(work.item);
    LiveTask& task = live[work.task];
    if (!pretends_) harvest.time = ended_at - began_;
    if (task.state == State::waiting) {  // it waits for its elements
      Elements& elements = [&]() -> Elements& {
        const std::unique_lock lock = lock_briefly(mutex_);
        return *live.inner->at(work.task);
      }();
      for (const auto& element : elements.targets) begin(*element, harvest);
      count_element(elements, harvest);  // they could not end all while some had not begun
    } else if (!will_retry(live, work.task)) {
      if (task.state == State::done) learn(live, work.task, grant);
      end_task(live, work.task, harvest);
    }
  }
  settle(harvest);
  const std::optional<Work> follow = harvest.follow;
  goes_on = follow.has_value();
  if (!follow) land(1);
  return follow;
}

double GraphRun::pretended_seconds(const Work& work, const Grant& grant) const {
  const auto seconds = [&](const LiveTarget& live, int task) {
    const Task& described = *(*live.wiring)[task].task;
    double sum = cost_of(live, described).seconds;
    if (described.expansion && !described.cost)  // a list of one element
      for (const auto& inner : described.expansion->graph.tasks()) sum += cost_of(live, *inner).seconds;
    return sum / grant.threads;
  };
  if (work.task >= 0) return seconds(*static_cast<const LiveTarget*>(work.item), work.task);
  double longest = 0;
  for (const Batch::Member& member : static_cast<const Batch*>(work.item)->members)
    longest = std::max(longest, seconds(*member.live, member.task));
  return longest;
}

/// Asks an attempt to stop when its time is over.
class GraphRun::TimeLimit {
 public:
  TimeLimit(GraphRun& run, LiveTarget& live, int task)
      : run_(run),
        id_(&live, task),
        seconds_(run.pretends_ ? 0 : (*live.wiring)[task].task->timeout_seconds) {}

  void begin(LiveTarget& live, Context& context) {
    if (seconds_ <= 0) return;
    std::stop_source source;
    {
      const std::unique_lock lock = lock_briefly(run_.mutex_);
      run_.timed_[id_] = {source, run_.pool_.now() + seconds_};
    }
    pass_on_.emplace(context.stop, [source]() mutable { source.request_stop(); });
    context.stop = source.get_token();
    run_.pool_.after(seconds_, {&run_, &live, id_.second}, timeout);
  }

  /// Makes a failure of what was cancelled because of the limit.
  std::exception_ptr end(std::exception_ptr why) {
    if (seconds_ <= 0) return why;
    pass_on_.reset();
    {
      const std::unique_lock lock = lock_briefly(run_.mutex_);
      run_.timed_.erase(id_);
      if (run_.timed_out_.erase(id_) == 0) return why;
    }
    if (!why || failure_of(why).kind != ErrorKind::Cancelled) return why;
    return std::make_exception_ptr(
        Error(ErrorKind::Task, "it took longer than the " + std::to_string(seconds_).substr(0, 5) +
                                   " s it was given. Raise its timeout, or give it less to do."));
  }

 private:
  GraphRun& run_;
  std::pair<const LiveTarget*, int> id_;
  double seconds_;
  std::optional<std::stop_callback<std::function<void()>>> pass_on_;
};

void GraphRun::attempt(LiveTarget& live, int task, const Grant& grant, double began) {
  LiveTask& state = live[task];
  const bool reads_streams = (*live.wiring)[task].reads_streams;
  while (true) {
    if (reads_streams && is_held_back(live, task)) break;  // a producer has failed meanwhile
    const std::exception_ptr why = attempt_once(live, task, grant, began);
    ended_at = pool_.now();
    state.seconds = static_cast<float>(ended_at - began);
    if (!why || (reads_streams && is_held_back(live, task))) break;
    if (!retries_in_place(live, task, why)) {
      fail(state, why);
      break;
    }
    began = pool_.now();
  }
  if (!state.is_good() && state.failure) fail_streams(live, task);
}

/// @returns what went wrong.
std::exception_ptr GraphRun::attempt_once(LiveTarget& live, int task, const Grant& grant,
                                          double began) {
  LiveTask& state = live[task];
  if (state.attempts < 255) ++state.attempts;
  Teller teller{this, &live, task};
  TimeLimit limit(*this, live, task);
  std::exception_ptr why;
  if (const WiredTask& wired = (*live.wiring)[task]; wired.has_streams && state.values.empty())
    state.values.resize(wired.task->outputs.size());  // none may move once others read them
  try {
    Context context = make_context(live, task, grant, &teller);
    teller.context = &context;
    context.check_cancelled();
    limit.begin(live, context);
    if (is_heard(Event::What::task_started))
      notify({.what = Event::What::task_started, .time = began - began_, .threads = grant.threads,
              .text = std::string(context.device)},
             live, task);
    if (pretends_)
      state.state = State::done;
    else if ((*live.wiring)[task].task->expansion)
      expand(live, task, context);
    else
      run_body(live, task, context, teller);
    if (state.state == State::done) save(live, task, pool_.now() - began);
  } catch (...) {
    why = std::current_exception();
  }
  return limit.end(std::move(why));
}

void GraphRun::on_time(const Work& work, int purpose) {
  LiveTarget* live = static_cast<LiveTarget*>(work.item);
  if (purpose == timeout) {
    std::stop_source source(std::nostopstate);
    {
      const std::unique_lock lock = lock_briefly(mutex_);
      const auto found = timed_.find({live, work.task});
      // that of an earlier attempt, perhaps; timers may come a little early
      if (found == timed_.end() || pool_.now() < found->second.due - 1e-3) return;
      source = found->second.stop;
      if (!is_stopped()) timed_out_.insert(found->first);
    }
    source.request_stop();
    return;
  }
  Harvest& harvest = Harvest::of_thread(nullptr);
  if (purpose == retry) {
    submit_alone(*live, work.task, harvest);
    settle(harvest);
    return land(1);
  }
  submit_batch(static_cast<Batch*>(work.item), harvest);
  settle(harvest);
}

/// A task that was decided on before.
void GraphRun::submit_alone(LiveTarget& live, int task, Harvest& harvest) {
  try {
    const Submission one = submission(live, task);
    if (live[task].state == State::waiting) return harvest.submissions.push_back(one);
  } catch (...) {
    fail(live[task], std::current_exception());
  }
  end_task(live, task, harvest);
}

void GraphRun::on_waiting(const Work& work, const std::string& what) {
  if (!options_.observer || work.task < 0) return;
  notify({.what = Event::What::task_waiting, .text = what}, *static_cast<LiveTarget*>(work.item),
         work.task);
}

/// @param teller  outlives the context
Context GraphRun::make_context(LiveTarget& live, int task, const Grant& grant, Teller* teller) {
  Context context;
  context.threads = grant.threads;
  context.stop = stop_.get_token();
  if (teller != nullptr && options_.observer) {  // one pointer: std::function needs no memory for it
    context.progress = [teller](double fraction, std::string_view what) {
      teller->run->notify(
          {.what = Event::What::task_progress, .fraction = fraction, .text = std::string(what)},
          *teller->live, teller->task);
    };
    context.warn = [teller](std::string_view message) {
      teller->run->notify({.what = Event::What::warning, .text = std::string(message)},
                          *teller->live, teller->task);
    };
  }
  if (teller != nullptr && !pretends_) bind_streams(context, *teller);
  context.attempt = std::max<int>(1, live[task].attempts);
  context.shrink = live[task].shrinks;
  if (grant.device >= 0) {
    context.device = pool_.ledger().capacity().devices[position_of(grant.device)].name;
    context.device_bytes = grant.request.device_bytes;
  }
  if ((*live.wiring)[task].task->keeps_parts) offer_parts(live, task, options_.store, context);
  return context;
}

void GraphRun::fail(LiveTask& task, const std::exception_ptr& why) {
  task.failure = std::make_unique<TaskFailure>(failure_of(why));
  task.state = task.failure->kind == ErrorKind::Cancelled ? State::cancelled : State::failed;
}

/// Whether a task that failed is tried again; then it is, after a while.
bool GraphRun::will_retry(LiveTarget& live, int task) {
  LiveTask& state = live[task];
  if (state.state != State::failed || has_begun_streams(live, task)) return false;
  if (!may_retry(live, task, *state.failure)) return false;
  state.state = State::waiting;
  state.failure.reset();
  if (wiring_.has_batches()) ++in_flight_;
  pool_.after(backoff_seconds(live, task), {this, &live, task}, retry);
  return true;
}

/// Counts and tells the retry, if there may be one.
bool GraphRun::may_retry(LiveTarget& live, int task, const TaskFailure& failure) {
  LiveTask& state = live[task];
  const ErrorKind kind = failure.kind;
  if (is_stopped() || state.attempts > retries_of((*live.wiring)[task].task->retry, kind))
    return false;
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    if (retries_[kind]++ >= options_.retries_per_cause) return false;
  }
  if (is_heard(Event::What::task_retried))
    notify({.what = Event::What::task_retried,
            .outcome = {State::failed, kind, failure.message, state.seconds}},
           live, task);
  if (kind == ErrorKind::Resources) ++state.shrinks;
  return true;
}

double GraphRun::backoff_seconds(const LiveTarget& live, int task) const {
  const int doublings = std::min(live[task].attempts - 1, 20);
  return (*live.wiring)[task].task->retry.backoff_seconds * static_cast<double>(1U << doublings);
}

void GraphRun::learn(const LiveTarget& live, int task, const Grant& grant) {
  const Task& described = *(*live.wiring)[task].task;
  if (!options_.costs || !described.cost || pretends_ || described.expansion) return;
  if ((*live.wiring)[task].reads_streams) return;  // it may have waited for them
  try {
    Cost estimate;
    cost_of(live, described, &estimate);
    options_.costs->learn(described.name, estimate, {live[task].seconds * grant.threads, 0, 0, 0});
  } catch (...) {
    // it has run, after all
  }
}

}  // namespace foldstream
