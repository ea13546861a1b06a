// GraphRun, running: the bodies of tasks, what becomes of their values, and retries.
#include "harvest.hpp"
#include "peak_memory.hpp"

#include <foldstream/control.hpp>

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

namespace foldstream {
namespace {

/// Memory that the system's figures show well, bytes.
constexpr std::uint64_t least_measured = 64U << 20U;

/// When the body that this thread ran last ended, on the clock of its pool: reading it costs as much
/// as a small task.
thread_local double ended_at = 0;
/// Whether what it runs next follows from that at once.
thread_local bool goes_on = false;

bool ran_out_of_memory(const LiveTask& task) {
  return task.failure && task.failure->kind == ErrorKind::Resources;
}

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

void GraphRun::attempt(LiveTarget& live, int task, const Grant& grant, double began) {
  LiveTask& state = live[task];
  const Task& described = *(*live.wiring)[task].task;
  if (state.attempts < 255) ++state.attempts;
  std::optional<std::stop_callback<std::function<void()>>> pass_on;
  const Teller teller{this, &live, task};
  try {
    Context context = make_context(live, task, grant, &teller);
    context.check_cancelled();
    if (described.timeout_seconds > 0 && !pretends_) {
      std::stop_source source;
      {
        const std::unique_lock lock = lock_briefly(mutex_);
        timed_[{&live, task}] = {source, pool_.now() + described.timeout_seconds};
      }
      pass_on.emplace(context.stop, [source]() mutable { source.request_stop(); });
      context.stop = source.get_token();
      pool_.after(described.timeout_seconds, {this, &live, task}, timeout);
    }
    if (options_.observer)
      notify({.what = Event::What::task_started, .time = began - began_, .threads = grant.threads,
              .text = std::string(context.device)},
             live, task);
    if (pretends_)
      state.state = State::done;
    else if (described.expansion)
      expand(live, task, context);
    else
      run_body(live, task, context);
    if (state.state == State::done) save(live, task, pool_.now() - began);
  } catch (...) {
    fail(state, std::current_exception());
  }
  if (described.timeout_seconds > 0 && !pretends_) {
    pass_on.reset();
    const std::unique_lock lock = lock_briefly(mutex_);
    timed_.erase({&live, task});
    if (timed_out_.erase({&live, task}) != 0 && state.state == State::cancelled) {
      state.state = State::failed;
      state.failure->kind = ErrorKind::Task;
      state.failure->message = "it took longer than the " +
                               std::to_string(described.timeout_seconds).substr(0, 5) +
                               " s it was given. Raise its timeout, or give it less to do.";
      state.failure->error =
          std::make_exception_ptr(Error(ErrorKind::Task, state.failure->message));
    }
  }
  ended_at = pool_.now();
  state.seconds = static_cast<float>(ended_at - began);
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

/// Computes, and learns what memory that took.
void GraphRun::run_body(LiveTarget& live, int task, const Context& context) {
  if (!options_.costs) return compute(live, task, context);
  const Task& described = *(*live.wiring)[task].task;
  Cost estimate;
  cost_of(live, described, &estimate);
  const PeakMeter meter(estimate.bytes >= least_measured);
  compute(live, task, context);
  if (const std::uint64_t bytes = meter.bytes(); bytes > 0)
    options_.costs->learn(described.name, {0, estimate.bytes}, {0, bytes});
}

void GraphRun::compute(LiveTarget& live, int task, const Context& context) {
  set_outputs(live, task,
              (*live.wiring)[task].task->body(gather_inputs(live, task, context), context));
  live[task].state = State::done;
}

void GraphRun::set_outputs(LiveTarget& live, int task, Values&& values) {
  const Task& described = *(*live.wiring)[task].task;
  Magnitudes more = described.measure ? described.measure(values) : Magnitudes();
  std::vector<Value>& outputs = live[task].values;
  outputs.clear();
  outputs.reserve(described.outputs.size());
  for (const Port& port : described.outputs) {
    const auto found = std::ranges::find(values, port.name, &Values::Entry::first);
    if (found == values.end() || !(found->second.type() == port.type))
      throw Error(ErrorKind::Internal, "task '" + described.name + "' gave no '" +
                                           port.type.name() + "' at its output '" + port.name +
                                           "'.");
    outputs.push_back(std::move(found->second));
  }
  if (!described.measure) return;
  const std::unique_lock lock = lock_briefly(mutex_);
  if (live.sizes) more.merge(*live.sizes);
  live.sizes = std::make_unique<Magnitudes>(std::move(more));
}

Values GraphRun::gather_inputs(LiveTarget& live, int task, const Context& context) {
  Values inputs;
  const auto sources = live.wiring->inputs(task);
  inputs.reserve(sources.size());
  for (const InputSource& source : sources) {
    if (source.producer >= 0) load(live, source.producer, context);
    Value value = input_value(live, source);
    if (value.has_value())
      inputs.emplace((*live.wiring)[task].task->inputs[position_of(source.port)].name,
                     std::move(value));
  }
  return inputs;
}

/// Makes the outputs of a reused task be in memory: from the store, or computed if it is damaged.
void GraphRun::load(LiveTarget& live, int task, const Context& context) {
  LiveTask& wanted = live[task];
  if (wanted.state != State::reused) return;
  {
    std::unique_lock lock = lock_briefly(mutex_);
    changed_.wait(lock, [&] { return !loading_.contains(&wanted); });
    if (!wanted.values.empty()) return;
    loading_.insert(&wanted);
  }
  std::exception_ptr failure;
  try {
    bring_outputs(live, task, context);
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    loading_.erase(&wanted);
    changed_.notify_all();
  }
  if (failure) std::rethrow_exception(failure);
}

void GraphRun::bring_outputs(LiveTarget& live, int task, const Context& context) {
  const Task& described = *(*live.wiring)[task].task;
  if (auto values = load_outputs(described, live[task].key, *options_.store)) {
    live[task].values = std::move(*values);
    return;
  }
  if (described.expansion)
    throw Error(ErrorKind::Io, "the stored results of '" + described.name +
                                   "' are damaged. Run again: they will be computed anew.");
  const double began = pool_.now();  // what is stored is damaged
  set_outputs(live, task, described.body(gather_inputs(live, task, context), context));
  save(live, task, pool_.now() - began);
}

/// Makes a target of each element; the task ends when the last of them has.
void GraphRun::expand(LiveTarget& live, int task, const Context& context) {
  const Expansion& expansion = *(*live.wiring)[task].task->expansion;
  const Wiring& inner = live.wiring->inner(task);
  const Values inputs = gather_inputs(live, task, context);
  auto elements = std::make_unique<Elements>();
  elements->parent = &live;
  elements->task = task;
  Target target{live.name, {}, {}, {}, live.index};
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    target.magnitudes = live.magnitudes();
  }
  for (const InputRef& input : expansion.shared)
    if (const auto value = inputs.find(input.port); value != inputs.end())
      target.inputs.push_back({input, value->second});
  target.inputs.push_back({expansion.element, Value()});
  const int result = inner.graph().index_of(expansion.result.task);
  for (Value& item : expansion.split(inputs.at("items"))) {
    target.inputs.back().value = std::move(item);
    auto element = make_live(inner, target);
    element->elements = elements.get();
    element->element = static_cast<int>(elements->targets.size());
    ++(*element)[result].uses;  // the gathering
    elements->targets.push_back(std::move(element));
  }
  elements->remaining = static_cast<int>(elements->targets.size()) + 1;  // and `conclude`
  if (elements->targets.empty()) {
    live[task].values = {expansion.join({})};
    live[task].state = State::done;
    return;
  }
  const std::unique_lock lock = lock_briefly(mutex_);
  if (!live.inner) live.inner = std::make_unique<std::map<int, std::unique_ptr<Elements>>>();
  (*live.inner)[task] = std::move(elements);
}

/// Ends the task that maps a list, all of whose elements have ended.
void GraphRun::join(Elements& elements) {
  LiveTarget& parent = *elements.parent;
  LiveTask& state = parent[elements.task];
  const Expansion& expansion = *(*parent.wiring)[elements.task].task->expansion;
  const Wiring& inner = parent.wiring->inner(elements.task);
  const int result = inner.graph().index_of(expansion.result.task);
  const auto output = position_of(static_cast<int>(
      &output_port(*inner[result].task, expansion.result.port) - inner[result].task->outputs.data()));
  try {
    std::vector<Value> results;
    for (const auto& element : elements.targets) {
      for (std::size_t i = 0; i < inner.size(); ++i) {
        const LiveTask& task = element->tasks[i];
        if (task.is_good()) continue;
        const Outcome outcome = outcome_of(task, false);
        if (outcome.state == State::cancelled)
          throw Error(ErrorKind::Cancelled, "the run was cancelled.");
        throw Error(outcome.kind, "element " + std::to_string(element->element) + ": '" +
                                      inner[static_cast<int>(i)].task->name + "' failed: " +
                                      outcome.message);
      }
      if (pretends_) continue;
      load(*element, result, make_context(*element, result, {}));
      if ((*element)[result].state == State::bypassed)
        throw Error(ErrorKind::Task, "element " + std::to_string(element->element) + ": '" +
                                         inner[result].task->name + "' was bypassed.");
      results.push_back((*element)[result].values.at(output));
    }
    if (!pretends_) state.values = {expansion.join(results)};
    state.state = State::done;
    save(parent, elements.task, state.seconds);
  } catch (...) {
    fail(state, std::current_exception());
  }
}

/// @param teller  outlives the context
Context GraphRun::make_context(LiveTarget& live, int task, const Grant& grant,
                               const Teller* teller) {
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
  context.attempt = std::max<int>(1, live[task].attempts);
  context.shrink = live[task].shrinks;
  if (grant.device >= 0) {
    context.device = pool_.ledger().capacity().devices[position_of(grant.device)].name;
    context.device_bytes = grant.request.device_bytes;
  }
  if ((*live.wiring)[task].task->keeps_parts) offer_parts(live, task, options_.store, context);
  return context;
}

/// Into the store, if there is one and the task has a key.
void GraphRun::save(LiveTarget& live, int task, double seconds) {
  const LiveTask& state = live[task];
  if (!saves_ || !state.has_key) return;
  const Task& described = *(*live.wiring)[task].task;
  StoredTask stored{live.name, task_name(live, task), seconds, {}, ""};
  for (std::size_t i = 0; i < described.outputs.size(); ++i)
    stored.outputs.emplace(described.outputs[i].name, state.values.at(i).encode());
  key_fields(live, task, stored.fields);
  options_.store->save(state.key, stored);
}

void GraphRun::fail(LiveTask& task, const std::exception_ptr& why) {
  TaskFailure failure{why, ErrorKind::Task, "it threw something that is no std::exception."};
  try {
    std::rethrow_exception(why);
  } catch (const Error& error) {
    failure.kind = error.kind();
    failure.message = error.what();
  } catch (const std::bad_alloc&) {
    failure.kind = ErrorKind::Resources;
    failure.message = "out of memory.";
  } catch (const std::exception& error) {
    failure.message = error.what();
  } catch (...) {
  }
  task.state = failure.kind == ErrorKind::Cancelled ? State::cancelled : State::failed;
  task.failure = std::make_unique<TaskFailure>(std::move(failure));
}

/// Whether a task that failed is tried again; then it is, after a while.
bool GraphRun::will_retry(LiveTarget& live, int task) {
  LiveTask& state = live[task];
  if (state.state != State::failed || is_stopped()) return false;
  const Retry& policy = (*live.wiring)[task].task->retry;
  const ErrorKind kind = state.failure->kind;
  if (state.attempts > retries_of(policy, kind)) return false;
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    if (retries_[kind]++ >= options_.retries_per_cause) return false;
  }
  if (options_.observer)
    notify({.what = Event::What::task_retried, .outcome = outcome_of(state, false)}, live, task);
  if (ran_out_of_memory(state)) ++state.shrinks;
  state.state = State::waiting;
  state.failure.reset();
  if (wiring_.has_batches()) ++in_flight_;
  pool_.after(policy.backoff_seconds * static_cast<double>(1U << std::min(state.attempts - 1, 20)),
              {this, &live, task}, retry);
  return true;
}

void GraphRun::learn(const LiveTarget& live, int task, const Grant& grant) {
  const Task& described = *(*live.wiring)[task].task;
  if (!options_.costs || !described.cost || pretends_ || described.expansion) return;
  try {
    Cost estimate;
    cost_of(live, described, &estimate);
    options_.costs->learn(described.name, estimate, {live[task].seconds * grant.threads, 0, 0, 0});
  } catch (...) {
    // it has run, after all
  }
}

// Batches.

void GraphRun::join_batch(LiveTarget& live, int task, const Submission& one, Harvest& harvest) {
  const Task& described = *(*live.wiring)[task].task;
  const Batching& batching = described.batching;
  Values inputs = pretends_ ? Values() : gather_inputs(live, task, make_context(live, task, {}));
  const std::string key = batching.key && !pretends_ ? batching.key(inputs) : "";
  const double size = batching.size && !pretends_ ? batching.size(inputs) : 1;
  std::vector<Batch*> full;
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    auto* batch = &batches_[{&described, key}];
    if (*batch && !can_join(**batch, one.request)) {
      full.push_back(batch->get());
      full_.push_back(std::move(*batch));
    }
    const bool is_new = !*batch;
    if (is_new) {
      *batch = std::make_unique<Batch>();
      (*batch)->task = &described;
      (*batch)->submission = one;
      (*batch)->submission.work = {this, batch->get(), -1};
    } else {
      Submission& all = (*batch)->submission;
      all.request.bytes += one.request.bytes;
      all.request.scratch_bytes += one.request.scratch_bytes;
      all.request.device_bytes += one.request.device_bytes;
      all.priority = std::min(all.priority, one.priority);
    }
    (*batch)->members.push_back({&live, task, std::move(inputs)});
    (*batch)->size += size;
    if ((*batch)->size >= batching.budget)
      full.push_back(batch->get());
    else if (is_new)
      pool_.after(batching.delay_seconds, (*batch)->submission.work, Purpose::batch);
  }
  for (Batch* batch : full) submit_batch(batch, harvest);
}

/// Whether the machine has what a batch needs with one more member.
bool GraphRun::can_join(const Batch& batch, const Request& more) const {
  Request all = batch.submission.request;
  all.bytes += more.bytes;
  all.scratch_bytes += more.scratch_bytes;
  all.device_bytes += more.device_bytes;
  try {
    pool_.ledger().check_possible(batch.task->name, all);
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Closes a batch, unless that was done before.
void GraphRun::submit_batch(Batch* batch, Harvest& harvest) {
  const std::unique_lock lock = lock_briefly(mutex_);
  const auto take = [&](std::unique_ptr<Batch>& found) {
    harvest.submissions.push_back(found->submission);
    found.release();  // conclude takes it back
  };
  const auto is_it = [&](const std::unique_ptr<Batch>& one) { return one.get() == batch; };
  if (const auto found = std::ranges::find_if(full_, is_it); found != full_.end()) {
    take(*found);
    full_.erase(found);
    return;
  }
  const auto found =
      std::ranges::find_if(batches_, [&](const auto& entry) { return is_it(entry.second); });
  if (found == batches_.end()) return;
  take(found->second);
  batches_.erase(found);
}

/// So many works have ended. When none is left, no task can join the batches any more.
void GraphRun::land(int works) {
  if (wiring_.has_batches() && in_flight_.fetch_sub(works) == works) hand_over_batches();
}

void GraphRun::hand_over_batches() {
  std::vector<Batch*> open;
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    if (!is_fed_ && waiting_for_room_ == 0) return;  // a new target may
    for (const auto& [key, batch] : batches_) open.push_back(batch.get());
  }
  Harvest& harvest = Harvest::of_thread(nullptr);
  for (Batch* batch : open) submit_batch(batch, harvest);
  settle(harvest);
}

void GraphRun::perform_batch(Batch& batch, const Grant& grant) {
  const double began = pool_.now();
  std::vector<Values> inputs;
  for (Batch::Member& member : batch.members) {
    if (options_.observer)
      notify({.what = Event::What::task_started, .threads = grant.threads}, *member.live,
             member.task);
    inputs.push_back(std::move(member.inputs));
  }
  try {
    const Batch::Member& first = batch.members.front();
    const Teller teller{this, first.live, first.task};
    const Context context = make_context(*first.live, first.task, grant, &teller);
    context.check_cancelled();
    std::vector<Values> outputs(inputs.size());
    if (!pretends_) outputs = batch.task->batching.body(inputs, context);
    if (outputs.size() != inputs.size())
      throw Error(ErrorKind::Internal, "task '" + batch.task->name + "' gave " +
                                           std::to_string(outputs.size()) + " results for " +
                                           std::to_string(inputs.size()) + " members of a batch.");
    const double seconds = (pool_.now() - began) / static_cast<double>(inputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      LiveTask& task = (*batch.members[i].live)[batch.members[i].task];
      task.seconds = static_cast<float>(seconds);
      try {
        if (!pretends_) set_outputs(*batch.members[i].live, batch.members[i].task, std::move(outputs[i]));
        task.state = State::done;
        save(*batch.members[i].live, batch.members[i].task, seconds);
      } catch (...) {
        fail(task, std::current_exception());
      }
    }
  } catch (...) {
    batch.has_failed = true;  // one of them, perhaps: they are run one by one
  }
}

void GraphRun::conclude_batch(std::unique_ptr<Batch> batch, Harvest& harvest) {
  for (const Batch::Member& member : batch->members) {
    if (!batch->has_failed) {
      end_task(*member.live, member.task, harvest);
      continue;
    }
    submit_alone(*member.live, member.task, harvest);
  }
}

}  // namespace foldstream
