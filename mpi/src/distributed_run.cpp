#include "distributed_run.hpp"

#include <foldstream/control.hpp>

namespace foldstream::mpi {
namespace {

constexpr double progress_interval = 0.1;  // s, between forwarded progress events of a task

/// A key that changes with anything of the graph that all ranks must agree on.
std::string digest(const Graph& graph) {
  std::string text;
  for (const auto& task : graph.tasks()) {
    text += task->name + "\n" + task->identity + "\n";
    for (const Port& port : task->inputs) text += "<" + port.name + ":" + port.type.name() + "\n";
    for (const Port& port : task->outputs) text += ">" + port.name + ":" + port.type.name() + "\n";
  }
  for (const Edge& edge : graph.edges())
    text += std::to_string(edge.from_task) + edge.from_port + "-" + std::to_string(edge.to_task) +
            edge.to_port + "\n";
  for (int i = 0; i < static_cast<int>(graph.task_count()); ++i)
    if (const auto& guard = graph.guard(i))
      text += std::to_string(i) + "?" + std::to_string(guard->from_task) + guard->port +
              (guard->wanted ? "\n" : "!\n");
  return to_string(key_of(text));
}

/// The same tasks by identity, hence the same keys in a store, but none that computes.
Graph lookup_graph(const Graph& graph) {
  return with_tasks(graph, [](Task& task) {
    task.is_current = {};
    task.cost = {};
    task.expansion = {};
    task.batching = {};
    task.body = [](const Values&, const Context&) -> Values {
      throw Error(ErrorKind::NotFound, "not in the store of this rank.");
    };
  });
}

Failure failure_of(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  return {known != nullptr ? known->kind() : ErrorKind::Task, error.what()};
}

WorkerOptions with_threads(WorkerOptions options, int threads) {
  options.threads = threads;
  return options;
}

}  // namespace

/// Hears the local run.
class DistributedRun::Listener final : public Observer {
 public:
  explicit Listener(DistributedRun& run) : run_(run) {}
  void notify(const Event& event) override { run_.hear(event); }

 private:
  DistributedRun& run_;
};

DistributedRun::DistributedRun(const Graph& graph, TargetSource source, RunOptions options,
                               RunParts parts)
    : graph_(graph),
      options_(std::move(options)),
      parts_(std::move(parts)),
      cursor_(std::move(source), options_.keep_values),
      worker_(parts_.rank, with_threads(parts_.worker, parts_.threads->threads()), digest(graph_)) {
  if (parts_.rank == 0)
    coordinator_.emplace(
        parts_.ranks, CoordinatorOptions{options_.observer != nullptr, parts_.worker.start_seconds,
                                         parts_.worker.silence_seconds});
}

DistributedRun::~DistributedRun() = default;

double DistributedRun::elapsed() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

void DistributedRun::start() {
  RunOptions options = options_;
  options.observer = std::make_shared<Listener>(*this);
  options.window = 2 * parts_.threads->threads();  // no more than it will soon begin
  try {
    Run local = parts_.threads->run_source(
        graph_, [this] { return next_target(); }, options);
    const std::scoped_lock lock(mutex_);
    local_.emplace(std::move(local));
  } catch (const std::exception& error) {
    const std::scoped_lock lock(mutex_);
    has_local_ended_ = true;
    worker_.fail(failure_of(error));
    worker_.finish();
    settle();
    throw;
  }
}

// The feeder thread of the local run.

std::optional<Target> DistributedRun::next_target() {
  while (true) {
    Worker::Take take;
    int floor = 0;
    {
      std::unique_lock lock(mutex_);
      take = worker_.take(elapsed());
      settle();
      while (take.turn == Worker::Turn::wait) {
        changed_.wait(lock);
        take = worker_.take(elapsed());
        settle();
      }
      floor = worker_.floor();
    }
    if (take.turn == Worker::Turn::end) return end_source();
    if (auto target = read_target(take.index, floor)) return target;
  }
}

/// Reads what is left while the source is alive: `value` may ask for any target later.
std::optional<Target> DistributedRun::end_source() {
  try {
    if (options_.store) cursor_.read_through();
  } catch (...) {
    // the rank that was granted the target behind the last one has met it too, and told
  }
  return std::nullopt;
}

/// Nothing if the source has no such target, or fails.
std::optional<Target> DistributedRun::read_target(int index, int floor) {
  Failure failure;
  try {
    std::optional<Target> target = cursor_.at(index, floor);
    if (target) return target;
  } catch (const std::exception& error) {
    failure = failure_of(error);
  } catch (...) {
    failure = {ErrorKind::Task, "the source of targets threw something that is no std::exception."};
  }
  const std::scoped_lock lock(mutex_);
  worker_.count_targets(cursor_.count(), failure);
  settle();
  return std::nullopt;
}

// The threads of the local run.

void DistributedRun::hear(const Event& event) {
  {
    const std::scoped_lock lock(mutex_);
    collect(event);
    if (parts_.rank != 0 && !is_dropped(event)) worker_.tell(event);
    settle();
  }
  if (parts_.rank == 0) observe(event);
}

/// Puts the outcome of a target together from the events of its tasks.
void DistributedRun::collect(const Event& event) {
  using What = Event::What;
  if (event.what == What::target_started)
    live_[event.target_index] = {event.target, event.target_index,
                                 std::vector<Outcome>(graph_.task_count())};
  const auto found = live_.find(event.target_index);
  if (found == live_.end()) return;
  if (event.what == What::task_ended && graph_.contains(event.task))  // not an element's
    found->second.tasks[static_cast<std::size_t>(graph_.index_of(event.task))] = event.outcome;
  if (event.what == What::target_ended) {
    worker_.end_target(std::move(found->second), elapsed());
    live_.erase(found);
  }
}

/// Progress of a task is forwarded ten times a second at most.
bool DistributedRun::is_dropped(const Event& event) {
  const std::pair key(event.target_index, event.task);
  if (event.what == Event::What::task_ended) progress_.erase(key);
  if (event.what != Event::What::task_progress) return false;
  const auto found = progress_.find(key);
  const double now = elapsed();
  if (found != progress_.end() && now - found->second < progress_interval) return true;
  progress_[key] = now;
  return false;
}

void DistributedRun::observe(const Event& event) {
  if (!options_.observer) return;
  const std::scoped_lock lock(observer_mutex_);
  options_.observer->notify(event);
}

// The communications thread.

void DistributedRun::on_message(const Envelope& envelope) {
  if (envelope.message.kind == MessageKind::event) {
    ByteReader reader(envelope.message.payload);
    observe(read_event(reader));
  }
  const std::scoped_lock lock(mutex_);
  if (coordinator_)
    coordinator_->on_message(envelope.peer, envelope.message, elapsed());
  else
    worker_.on_message(envelope.message, elapsed());
  settle();
}

std::vector<Envelope> DistributedRun::poll() {
  tend_local_run();
  const std::scoped_lock lock(mutex_);
  worker_.tick(elapsed());
  if (coordinator_) coordinator_->tick(elapsed());
  settle();
  return std::exchange(outbox_, {});
}

/// Ends the local run once no more targets come.
void DistributedRun::tend_local_run() {
  bool is_cancelled = false;
  {
    const std::scoped_lock lock(mutex_);
    if (!local_ || has_local_ended_ || !worker_.is_closed()) return;
    is_cancelled = worker_.is_cancelled();
  }
  if (is_cancelled) local_->cancel();
  if (!local_->is_finished()) return;
  const std::scoped_lock lock(mutex_);
  has_local_ended_ = true;
  worker_.finish();
}

/// Moves messages between worker and coordinator, or to the outbox, until there are none. To be
/// called, with the lock held, after anything that may have changed the worker.
void DistributedRun::settle() {
  bool is_moving = true;
  while (is_moving) {
    is_moving = false;
    for (Message& message : worker_.take_outbox()) {
      is_moving = true;
      if (coordinator_)
        coordinator_->on_message(0, message, elapsed());
      else
        outbox_.push_back({0, std::move(message)});
    }
    if (!coordinator_) break;
    for (Envelope& envelope : coordinator_->take_outbox()) {
      is_moving = true;
      if (envelope.peer == 0)
        worker_.on_message(envelope.message, elapsed());
      else
        outbox_.push_back(std::move(envelope));
    }
  }
  if (!outbox_.empty()) parts_.exchange->wake();
  changed_.notify_all();
}

bool DistributedRun::is_done() {
  const std::scoped_lock lock(mutex_);
  return worker_.is_finished() && outbox_.empty();
}

void DistributedRun::give_up(const std::string& why) {
  {
    const std::scoped_lock lock(mutex_);
    worker_.give_up(why);
    outbox_.clear();
    changed_.notify_all();
  }
  tend_local_run();
}

// The threads of the program.

void DistributedRun::cancel() {
  const std::scoped_lock lock(mutex_);
  worker_.cancel();
  settle();
}

void DistributedRun::wait_for_all() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return worker_.is_finished(); });
}

void DistributedRun::wait() {
  wait_for_all();
  if (local_ && worker_.is_cancelled()) local_->cancel();
  if (local_) local_->wait();
  const Failure& failure = worker_.failure();
  if (!failure.message.empty()) throw Error(failure.kind, failure.message);
}

void DistributedRun::end() {
  if (parts_.rank == 0) cancel();
  wait_for_all();
}

bool DistributedRun::is_finished() const {
  const std::scoped_lock lock(mutex_);
  return worker_.is_finished();
}

std::vector<TargetOutcome> DistributedRun::outcomes() const {
  const std::scoped_lock lock(mutex_);
  std::vector<TargetOutcome> outcomes;
  for (const auto& [index, ended] : coordinator_ ? coordinator_->ended() : worker_.ended())
    outcomes.push_back(ended.outcome);
  return outcomes;
}

EndedTarget DistributedRun::ended_target(int index) const {
  const std::scoped_lock lock(mutex_);
  const auto& ended = coordinator_ ? coordinator_->ended() : worker_.ended();
  const auto found = ended.find(index);
  if (found == ended.end())
    throw Error(ErrorKind::NotFound,
                "this run has no ended target number " + std::to_string(index) + ".");
  return found->second;
}

Value DistributedRun::value(const std::string& task, const std::string& port, int target_index) {
  const auto position = static_cast<std::size_t>(graph_.index_of(task));
  output_port(*graph_.tasks()[position], port);
  const EndedTarget ended = ended_target(target_index);
  if (ended.rank == parts_.rank) return local_->value(untyped_output(task, port), target_index);
  const Outcome& outcome = ended.outcome.tasks.at(position);
  if (!outcome.is_good()) throw Error(outcome.kind, outcome.message);
  return stored_value(task, port, ended);
}

/// The value of a target that ran on another rank, if the store of this one has it.
Value DistributedRun::stored_value(const std::string& task, const std::string& port,
                                   const EndedTarget& ended) {
  const int index = ended.outcome.index;
  try {
    const std::scoped_lock lock(stored_mutex_);
    auto found = stored_.find(index);
    if (found == stored_.end()) {
      std::optional<Target> target = cursor_.kept(index);
      if (!target) throw Error(ErrorKind::NotFound, "the target is not kept.");
      const TargetSource once = [target]() mutable { return std::exchange(target, std::nullopt); };
      found = stored_
                  .emplace(index, parts_.threads->run_source(lookup_graph(graph_), once,
                                                             {options_.store, nullptr, true}))
                  .first;
    }
    found->second.wait();
    return found->second.value(untyped_output(task, port), index);
  } catch (const Error& error) {
    throw Error(ErrorKind::NotFound,
                "the value of " + task + "." + port + " of target number " + std::to_string(index) +
                    " ('" + ended.outcome.name + "') is on rank " + std::to_string(ended.rank) +
                    ", and rank " + std::to_string(parts_.rank) +
                    " cannot load it: " + error.what() +
                    " Give all ranks a store on the same folder, or ask on that rank.");
  }
}

}  // namespace foldstream::mpi
