#include "thread_run.hpp"

#include <algorithm>

namespace foldstream {
namespace {

std::size_t at(int index) { return static_cast<std::size_t>(index); }

std::string size_text(std::uint64_t bytes) {
  const bool is_large = bytes >= 1'000'000'000;
  const double unit = is_large ? 1e9 : 1e6;
  const auto tenths = static_cast<std::uint64_t>(static_cast<double>(bytes) / unit * 10 + 0.5);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) +
         (is_large ? " GB" : " MB");
}

Outcome failure_outcome(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    const bool is_cancelled = error.kind() == ErrorKind::Cancelled;
    return {is_cancelled ? State::cancelled : State::failed, error.kind(), error.what(), 0};
  } catch (const std::bad_alloc&) {
    return {State::failed, ErrorKind::Resources, "out of memory.", 0};
  } catch (const std::exception& error) {
    return {State::failed, ErrorKind::Task, error.what(), 0};
  } catch (...) {
    return {State::failed, ErrorKind::Task, "it threw something that is no std::exception.", 0};
  }
}

void check_outputs(const Task& task, const Values& values) {
  for (const Port& port : task.outputs) {
    const auto found = values.find(port.name);
    if (found == values.end() || !(found->second.type() == port.type))
      throw Error(ErrorKind::Internal, "task '" + task.name + "' gave no '" + port.type.name() +
                                           "' at its output '" + port.name + "'.");
  }
}

}  // namespace

ThreadRun::ThreadRun(const Graph& graph, TargetSource source, RunOptions options,
                     std::shared_ptr<ThreadPool> pool)
    : graph_(graph),
      order_(graph.order()),
      position_(graph.task_count()),
      source_(std::move(source)),
      options_(std::move(options)),
      pool_(std::move(pool)),
      number_(pool_->open_run()) {
  for (std::size_t i = 0; i < order_.size(); ++i) position_[at(order_[i])] = static_cast<int>(i);
}

void ThreadRun::start() {
  try {
    feeder_ = std::thread([this] { feed(); });
  } catch (...) {
    pool_->close_run();
    throw;
  }
}

void ThreadRun::finish() {
  cancel();
  wait_until_closed();
  feeder_.join();
  pool_->wait_until_idle(number_);  // from here on no other thread touches the run or its graph
}

void ThreadRun::wait() {
  wait_until_closed();
  if (source_failure_) std::rethrow_exception(source_failure_);
}

void ThreadRun::wait_until_closed() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_closed_; });
}

bool ThreadRun::is_finished() const {
  const std::scoped_lock lock(mutex_);
  return is_closed_;
}

void ThreadRun::cancel() {
  stop_.request_stop();  // not under the lock: it calls the stop callbacks of the bodies
  const std::scoped_lock lock(mutex_);
  changed_.notify_all();
}

std::vector<TargetOutcome> ThreadRun::outcomes() const {
  const std::scoped_lock lock(mutex_);
  std::vector<TargetOutcome> outcomes;
  for (const auto& [index, live] : ended_) {
    outcomes.push_back({live->target.name, index, {}});
    for (const LiveTask& task : live->tasks) outcomes.back().tasks.push_back(task.outcome);
  }
  return outcomes;
}

Value ThreadRun::value(const std::string& task, const std::string& port, int target_index) {
  const int index = graph_.index_of(task);
  output_port(*graph_.tasks()[at(index)], port);
  std::unique_lock lock(mutex_);
  const auto found = ended_.find(target_index);
  if (found == ended_.end())
    throw Error(ErrorKind::NotFound,
                "this run has no ended target number " + std::to_string(target_index) + ".");
  const Live live = found->second;
  LiveTask& known = live->tasks[at(index)];
  if (known.failure) std::rethrow_exception(known.failure);
  if (!known.outcome.is_good())
    throw Error(known.outcome.kind, "task '" + task + "' was " +
                                        std::string(to_string(known.outcome.state)) + ": " +
                                        known.outcome.message);
  if (const auto kept = known.values.find(port); kept != known.values.end()) return kept->second;
  lock.unlock();
  std::optional<Values> values =
      load_values(*graph_.tasks()[at(index)], known.key, options_.store.get());
  if (!values && known.outcome.state == State::reused && options_.keep_values)
    values = stored_or_computed(live, index, make_context(live, index, 1));
  if (!values)
    throw Error(ErrorKind::NotFound, "the value of " + task + "." + port +
                                         " was not kept. Run with keep_values or with a store.");
  return values->at(port);
}

void ThreadRun::feed() {
  try {
    while (std::optional<Target> target = next_target()) admit(std::move(*target));
  } catch (...) {
    source_failure_ = std::current_exception();
  }
  const std::scoped_lock lock(mutex_);
  is_fed_ = true;
  close_if_finished();
}

std::optional<Target> ThreadRun::next_target() {
  const int limit = 2 * pool_->threads();
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return live_count_ < limit || stop_.stop_requested(); });
  }
  if (stop_.stop_requested()) return std::nullopt;
  std::optional<Target> target = source_();
  if (target) check_index(target->index);
  return target;
}

void ThreadRun::check_index(int& index) {
  if (index < 0) index = next_index_;
  if (index < next_index_ || !sparse_indices_.insert(index).second)
    throw Error(ErrorKind::InvalidArgument, "the source of a run gave two targets the index " +
                                                std::to_string(index) +
                                                ". Leave it negative to have them counted.");
  while (sparse_indices_.erase(next_index_) != 0) ++next_index_;
}

void ThreadRun::admit(Target target) {
  auto live = std::make_shared<LiveTarget>();
  try {
    *live = make_live(graph_, order_, target, options_.store.get());
  } catch (...) {
    live->target = std::move(target);
    live->tasks.assign(graph_.task_count(), {});
    for (LiveTask& task : live->tasks) {
      task.failure = std::current_exception();
      task.outcome = failure_outcome(task.failure);
    }
  }
  {
    const std::scoped_lock lock(mutex_);
    ++live_count_;
  }
  notify({.what = Event::What::target_started}, *live, -1);
  std::vector<int> ready;
  for (const int index : order_) {
    const LiveTask& task = live->tasks[at(index)];
    if (task.will_run && task.missing == 0) ready.push_back(index);
    if (!task.will_run)
      notify({.what = Event::What::task_ended, .outcome = task.outcome}, *live, index);
  }
  if (ready.empty()) end_target(live);
  submit_ready(live, ready);
}

void ThreadRun::submit_ready(const Live& live, const std::vector<int>& tasks) {
  for (const int index : tasks) {
    const Task& task = *graph_.tasks()[at(index)];
    try {
      pool_->submit({number_, live->target.index, position_[at(index)]},
                    {task.max_threads, checked_bytes(*live, task),
                     [self = shared_from_this(), live, index](int threads) {
                       self->execute(live, index, threads);
                     }});
    } catch (...) {
      const std::exception_ptr failure = std::current_exception();
      {
        const std::scoped_lock lock(mutex_);
        live->tasks[at(index)].failure = failure;
      }
      end_task(live, index, failure_outcome(failure));
    }
  }
}

std::uint64_t ThreadRun::checked_bytes(const LiveTarget& live, const Task& task) const {
  const Cost cost = task.cost ? task.cost(live.target.magnitudes) : Cost{};
  if (pool_->memory_bytes() != 0 && cost.bytes > pool_->memory_bytes())
    throw Error(ErrorKind::Resources, "task '" + task.name + "' needs " + size_text(cost.bytes) +
                                          "; this run may use " + size_text(pool_->memory_bytes()) +
                                          ". Raise the memory limit, or use a larger machine.");
  return cost.bytes;
}

void ThreadRun::execute(const Live& live, int task, int threads) {
  end_task(live, task, attempt(live, task, threads));
}

Outcome ThreadRun::attempt(const Live& live, int task, int threads) {
  const double began = elapsed();
  Outcome outcome{State::done, ErrorKind::Task, "", 0};
  try {
    const Context context = make_context(live, task, threads);
    context.check_cancelled();
    notify({.what = Event::What::task_started, .threads = threads}, *live, task);
    Values values = compute(live, task, context);
    save(live, task, values, elapsed() - began);
    const std::scoped_lock lock(mutex_);
    live->tasks[at(task)].values = std::move(values);
    if (options_.store) outcome.key = live->tasks[at(task)].key;
  } catch (...) {
    const std::exception_ptr failure = std::current_exception();
    outcome = failure_outcome(failure);
    const std::scoped_lock lock(mutex_);
    live->tasks[at(task)].failure = failure;
  }
  outcome.seconds = elapsed() - began;
  return outcome;
}

Values ThreadRun::compute(const Live& live, int task, const Context& context) {
  const Task& described = *graph_.tasks()[at(task)];
  Values values = described.body(gather_inputs(live, task, context), context);
  check_outputs(described, values);
  return values;
}

Values ThreadRun::gather_inputs(const Live& live, int task, const Context& context) {
  Values inputs;
  for (const Port& port : graph_.tasks()[at(task)]->inputs) {
    Value value = input_value(live, task, port.name, context);
    if (value.has_value()) inputs.emplace(port.name, std::move(value));
  }
  return inputs;
}

Value ThreadRun::input_value(const Live& live, int task, const std::string& port,
                             const Context& context) {
  const auto edge = std::ranges::find_if(
      graph_.edges(), [&](const Edge& e) { return e.to_task == task && e.to_port == port; });
  if (edge == graph_.edges().end()) {
    const auto bound = std::ranges::find_if(live->target.inputs, [&](const Binding& b) {
      return b.input.task == graph_.tasks()[at(task)]->name && b.input.port == port;
    });
    // make_live has refused a target that lacks one, unless it is optional
    return bound == live->target.inputs.end() ? Value() : bound->value;
  }
  load(live, edge->from_task, context);
  const std::scoped_lock lock(mutex_);
  return live->tasks[at(edge->from_task)].values.at(edge->from_port);
}

void ThreadRun::load(const Live& live, int task, const Context& context) {
  LiveTask& wanted = live->tasks[at(task)];
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !wanted.is_loading; });
    if (wanted.outcome.state != State::reused || !wanted.values.empty()) return;
    wanted.is_loading = true;
  }
  std::optional<Values> values;
  std::exception_ptr failure;
  try {
    values = stored_or_computed(live, task, context);
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::scoped_lock lock(mutex_);
    if (values) wanted.values = std::move(*values);
    wanted.is_loading = false;
    changed_.notify_all();
  }
  if (failure) std::rethrow_exception(failure);
}

Values ThreadRun::stored_or_computed(const Live& live, int task, const Context& context) {
  const Task& described = *graph_.tasks()[at(task)];
  if (auto values = load_values(described, live->tasks[at(task)].key, options_.store.get()))
    return std::move(*values);
  const double began = elapsed();
  Values values = compute(live, task, context);  // what is stored is damaged
  save(live, task, values, elapsed() - began);
  return values;
}

Context ThreadRun::make_context(const Live& live, int task, int threads) {
  Context context;
  context.threads = threads;
  context.stop = stop_.get_token();
  context.progress = [this, live, task](double fraction, std::string_view what) {
    notify({.what = Event::What::task_progress, .fraction = fraction, .text = std::string(what)},
           *live, task);
  };
  context.warn = [this, live, task](std::string_view message) {
    notify({.what = Event::What::warning, .text = std::string(message)}, *live, task);
  };
  offer_parts(live->target.name, graph_.tasks()[at(task)]->name, live->tasks[at(task)].key,
              options_.store, context);
  return context;
}

void ThreadRun::save(const Live& live, int task, const Values& values, double seconds) {
  const std::optional<Key>& key = live->tasks[at(task)].key;
  if (!options_.store || !key) return;
  StoredTask stored{live->target.name, graph_.tasks()[at(task)]->name, seconds, {}};
  for (const Port& port : graph_.tasks()[at(task)]->outputs)
    stored.outputs.emplace(port.name, values.at(port.name).encode());
  options_.store->save(*key, stored);
}

void ThreadRun::end_task(const Live& live, int task, const Outcome& outcome) {
  std::vector<int> ended = {task};
  {
    const std::scoped_lock lock(mutex_);
    live->tasks[at(task)].outcome = outcome;
    if (!outcome.is_good()) skip_dependents(*live, task, outcome, ended);
  }
  // told before anything that follows from it can begin or end
  for (const int index : ended)
    notify({.what = Event::What::task_ended, .outcome = live->tasks[at(index)].outcome}, *live,
           index);
  std::vector<int> ready;
  bool is_last = false;
  {
    const std::scoped_lock lock(mutex_);
    if (outcome.is_good()) ready = release_dependents(*live, task);
    live->running -= static_cast<int>(ended.size());
    is_last = live->running == 0;
  }
  if (is_last) end_target(live);
  submit_ready(live, ready);
}

std::vector<int> ThreadRun::release_dependents(LiveTarget& live, int task) {
  std::vector<int> ready;
  for (const Edge& edge : graph_.edges()) {
    LiveTask& consumer = live.tasks[at(edge.to_task)];
    if (edge.from_task != task || !consumer.will_run) continue;
    if (--consumer.missing == 0 && consumer.outcome.state == State::waiting)
      ready.push_back(edge.to_task);
  }
  return ready;
}

void ThreadRun::skip_dependents(LiveTarget& live, int failed, const Outcome& cause,
                                std::vector<int>& ended) {
  for (const Edge& edge : graph_.edges()) {
    LiveTask& consumer = live.tasks[at(edge.to_task)];
    if (edge.from_task != failed || consumer.outcome.state != State::waiting) continue;
    const bool is_cancelled = cause.state == State::cancelled;
    consumer.outcome = {is_cancelled ? State::cancelled : State::skipped, cause.kind,
                        "'" + graph_.tasks()[at(failed)]->name + "' " +
                            (is_cancelled ? "was cancelled." : "failed: " + cause.message),
                        0};
    ended.push_back(edge.to_task);
    skip_dependents(live, edge.to_task, cause, ended);
  }
}

void ThreadRun::end_target(const Live& live) {
  TargetOutcome summary{live->target.name, live->target.index, {}};
  for (const LiveTask& task : live->tasks) summary.tasks.push_back(task.outcome);
  notify({.what = Event::What::target_ended, .outcome = summary.worst()}, *live, -1);
  const std::scoped_lock lock(mutex_);
  if (!options_.keep_values) {
    for (LiveTask& task : live->tasks) task.values.clear();
    live->target.inputs.clear();
    live->target.given.clear();
  }
  ended_[live->target.index] = live;
  --live_count_;
  close_if_finished();
}

void ThreadRun::close_if_finished() {
  if (is_fed_ && live_count_ == 0 && !is_closed_) {
    is_closed_ = true;
    pool_->close_run();
  }
  changed_.notify_all();
}

void ThreadRun::notify(Event event, const LiveTarget& live, int task) {
  if (!options_.observer) return;
  event.target_index = live.target.index;
  event.target = live.target.name;
  if (task >= 0) event.task = graph_.tasks()[at(task)]->name;
  const std::scoped_lock lock(notify_mutex_);
  event.time = elapsed();
  options_.observer->notify(event);
}

double ThreadRun::elapsed() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

}  // namespace foldstream
