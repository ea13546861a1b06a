#include "graph_run.hpp"

#include "harvest.hpp"

#include <algorithm>
#include <random>

namespace foldstream {
namespace {

std::shared_ptr<StreamHub> make_hub(const RunOptions& options, bool pretends) {
  if (pretends || options.streams) return options.streams;
  return std::make_shared<StreamHub>(options.store);
}

std::string make_nonce() {
  std::random_device random;
  std::string text;
  for (int i = 0; i < 4; ++i) text += std::to_string(random()) + ".";
  return text;
}

}  // namespace

GraphRun::GraphRun(const Graph& graph, RunOptions options, Pool& pool, int number, bool pretends)
    : wiring_(graph),
      options_(std::move(options)),
      pool_(pool),
      number_(number),
      pretends_(pretends),
      saves_(options_.store && options_.store->is_writable() && !pretends),
      hub_(make_hub(options_, pretends)),
      nonce_(wiring_.has_streams() ? make_nonce() : ""),
      began_(pool.now()) {
  pool_.hold(options_.kept_bytes);
}

GraphRun::~GraphRun() {
  pool_.drop(options_.kept_bytes);
  while (!begun_.empty()) release_streams(begun_.begin()->first);
}

// Targets.

Outcome GraphRun::worst_of(const LiveTarget& live) const {
  std::size_t worst = 0;
  for (std::size_t i = 1; i < wiring_.size(); ++i)
    if (badness(live.tasks[i].state) > badness(live.tasks[worst].state)) worst = i;
  if (wiring_.size() == 0) return {.state = State::done, .message = {}};
  return outcome_of(live.tasks[worst], options_.store != nullptr);
}

void GraphRun::admit(Target target) {
  check_index(target.index);
  std::unique_ptr<LiveTarget> made;
  bool is_refused = false;
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    ++live_count_;
    if (!spare_.empty()) {
      made = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  try {
    made = make_live(wiring_, target, std::move(made));
  } catch (...) {
    made = make_refused(wiring_, target, std::current_exception());
    is_refused = true;
  }
  LiveTarget& live = *made.release();  // end_target takes it back
  if (is_heard(Event::What::target_started))
    notify({.what = Event::What::target_started}, live, -1);
  Harvest& harvest = Harvest::of_thread(nullptr);
  for (std::size_t i = 0; i < wiring_.size(); ++i)
    if (live.tasks[i].state != State::waiting)
      notify({.what = Event::What::task_ended, .outcome = outcome_of(live.tasks[i], false)}, live,
             static_cast<int>(i));
  if (is_refused || live.remaining == 0)
    end_target(live, harvest);
  else
    begin(live, harvest);
  settle(harvest);
}

void GraphRun::check_index(int& index) {
  if (index < 0) index = next_index_;
  if (index == next_index_ && sparse_indices_.empty()) {
    ++next_index_;
    return;
  }
  if (index < next_index_ || !sparse_indices_.insert(index).second)
    throw Error(ErrorKind::InvalidArgument, "the source of a run gave two targets the index " +
                                                std::to_string(index) +
                                                ". Leave it negative to have them counted.");
  while (sparse_indices_.erase(next_index_) != 0) ++next_index_;
}

void GraphRun::begin(LiveTarget& live, Harvest& harvest) {
  const Wiring& wiring = *live.wiring;
  if (wiring.has_costs()) set_levels(live);
  harvest.ready.clear();
  for (std::size_t i = 0; i < wiring.size(); ++i)
    if (live.tasks[i].missing.load(std::memory_order_relaxed) == 0)
      harvest.ready.push_back(static_cast<int>(i));
  for (const int task : harvest.ready) decide(live, task, harvest);
}

/// How long the work behind the start of each task takes at least.
void GraphRun::set_levels(LiveTarget& live) {
  const Wiring& wiring = *live.wiring;
  live.levels.assign(wiring.size() + 1, 0);
  const auto& order = wiring.order();
  for (auto task = order.rbegin(); task != order.rend(); ++task) {
    float& level = live.levels[static_cast<std::size_t>(*task)];
    for (const int successor : wiring.successors(*task))
      level = std::max(level, live.levels[static_cast<std::size_t>(successor)]);
    if (live[*task].state == State::given) continue;
    try {
      level += static_cast<float>(cost_of(live, *wiring[*task].task).seconds);
    } catch (...) {
      // thrown again when it is the task's turn: then it fails
    }
    live.levels.back() = std::max(live.levels.back(), level);
  }
}

void GraphRun::end_target(LiveTarget& ended, Harvest& harvest) {
  if (ended.elements != nullptr) return count_element(*ended.elements, harvest);
  std::unique_ptr<LiveTarget> live(&ended);
  const int index = live->index;
  if (wiring_.has_streams() && !(options_.keep_values && !keeps_streams())) release_streams(index);
  if (is_heard(Event::What::target_ended))
    notify({.what = Event::What::target_ended, .outcome = worst_of(*live)}, *live, -1);
  if (options_.on_ended) options_.on_ended(outcome_of_target(*live));
  EndedTarget kept = keep(live);
  if (live) live->reset();
  const std::unique_lock lock = lock_briefly(mutex_);
  ended_.emplace_hint(ended_.end(), index, std::move(kept));
  --live_count_;
  if (live) spare_.push_back(std::move(live));
  if (waiting_for_room_ > 0 && live_count_ < waiting_for_room_) changed_.notify_all();
  close_if_finished();
}

/// An element of a list has ended, or all have begun: the last one ends the task that maps the list.
void GraphRun::count_element(Elements& elements, Harvest& harvest) {
  if (elements.remaining.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  join(elements);
  LiveTarget& parent = *elements.parent;
  const int task = elements.task;
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    parent.inner->erase(task);
  }
  end_task(parent, task, harvest);
}

void GraphRun::close(std::exception_ptr failure) {
  source_failure_ = std::move(failure);
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    is_fed_ = true;
    close_if_finished();
  }
  if (wiring_.has_batches() && in_flight_ == 0) hand_over_batches();
}

/// Under the lock, where the run may have ended: tells whoever waits, once.
void GraphRun::close_if_finished() {
  if (!is_fed_ || live_count_ > 0 || is_closed_) return;
  is_closed_ = true;
  if (tell_closed_) tell_closed_();
  changed_.notify_all();
}

void GraphRun::wait_for_room(int window) {
  std::unique_lock lock = lock_briefly(mutex_);
  if (live_count_ < window) return;
  waiting_for_room_ = window / 2 + 1;  // wake rarely, and then read several
  if (wiring_.has_batches() && in_flight_ == 0) {
    lock.unlock();
    hand_over_batches();
    lock.lock();
  }
  changed_.wait(lock, [&] { return live_count_ < waiting_for_room_ || is_stopped(); });
  waiting_for_room_ = 0;
}

int GraphRun::live_count() const {
  const std::unique_lock lock = lock_briefly(mutex_);
  return live_count_;
}

// The handle.

void GraphRun::wait_until_closed() {
  std::unique_lock lock = lock_briefly(mutex_);
  changed_.wait(lock, [this] { return is_closed_; });
}

void GraphRun::wait() {
  wait_until_closed();
  if (source_failure_) std::rethrow_exception(source_failure_);
}

bool GraphRun::is_finished() const {
  const std::unique_lock lock = lock_briefly(mutex_);
  return is_closed_;
}

void GraphRun::cancel() {
  stop_.request_stop();  // not under the lock: it calls the stop callbacks of the bodies
  {
    const std::unique_lock lock = lock_briefly(mutex_);
    changed_.notify_all();
  }
  pool_.hurry(*this);
}

std::vector<TargetOutcome> GraphRun::outcomes() const {
  const std::unique_lock lock = lock_briefly(mutex_);
  std::vector<TargetOutcome> outcomes;
  outcomes.reserve(ended_.size());
  for (const auto& [index, ended] : ended_) {
    TargetOutcome& outcome = outcomes.emplace_back(TargetOutcome{ended.name, index, {}});
    outcome.tasks.reserve(wiring_.size());
    for (std::size_t i = 0; i < wiring_.size(); ++i) {
      if (ended.live) {
        outcome.tasks.push_back(outcome_of(ended.live->tasks[i], options_.store != nullptr));
        continue;
      }
      LiveTask task;
      task.state = ended.tasks[i].state;
      task.seconds = ended.tasks[i].seconds;
      task.key = ended.tasks[i].key;
      task.has_key = ended.tasks[i].has_key;
      for (const auto& [failed, failure] : ended.failures)
        if (failed == static_cast<int>(i)) task.failure = std::make_unique<TaskFailure>(failure);
      outcome.tasks.push_back(outcome_of(task, options_.store != nullptr));
    }
  }
  return outcomes;
}

Value GraphRun::value(const std::string& task, const std::string& port, int target_index) {
  const int index = wiring_.graph().index_of(task);
  const Task& described = *wiring_[index].task;
  const auto position = static_cast<std::size_t>(&output_port(described, port) -
                                                 described.outputs.data());
  std::unique_lock lock = lock_briefly(mutex_);
  const auto found = ended_.find(target_index);
  if (found == ended_.end())
    throw Error(ErrorKind::NotFound,
                "this run has no ended target number " + std::to_string(target_index) + ".");
  EndedTarget& ended = found->second;  // stays where it is, and nobody changes it but `load`
  lock.unlock();
  const State state = ended.live ? State((*ended.live)[index].state)
                                 : ended.tasks[position_of(index)].state;
  const TaskFailure* failure = ended.live ? (*ended.live)[index].failure.get() : nullptr;
  for (const auto& [failed, why] : ended.failures)
    if (failed == index) failure = &why;
  if (failure != nullptr && failure->error) std::rethrow_exception(failure->error);
  if (failure != nullptr)
    throw Error(failure->kind, "task '" + task + "' was " + std::string(to_string(state)) + ": " +
                                   failure->message);
  if (state == State::bypassed)
    throw Error(ErrorKind::NotFound, "task '" + task + "' was bypassed: it has no values.");
  if (ended.live) {
    LiveTask& live = (*ended.live)[index];
    if (state == State::reused) load(*ended.live, index, make_context(*ended.live, index, {}));
    if (position < live.values.size() && live.values[position].has_value())
      return live.values[position];
  } else if (options_.store && ended.tasks[position_of(index)].has_key) {
    if (auto values = load_outputs(described, ended.tasks[position_of(index)].key, *options_.store,
                                   hub_.get()))
      return (*values)[position];
  }
  throw Error(ErrorKind::NotFound, "the value of " + task + "." + port +
                                       " was not kept. Run with keep_values or with a store.");
}

// Ending.

void GraphRun::end_task(LiveTarget& live, int task, Harvest& harvest) {
  harvest.ended.emplace_back(&live, task);
}

void GraphRun::settle(Harvest& harvest) {
  while (!harvest.ended.empty()) {
    const auto [live, task] = harvest.ended.back();
    harvest.ended.pop_back();
    // told before anything that follows from it can begin or end
    if (is_heard(Event::What::task_ended))
      notify({.what = Event::What::task_ended,
              .time = harvest.time,
              .outcome = outcome_of((*live)[task], options_.store != nullptr)},
             *live, task);
    if (!options_.keep_values) drop_inputs(*live, task);
    if ((*live->wiring)[task].has_streams) {
      tell_followers(*live, task, harvest);
    } else {
      for (const int successor : live->wiring->successors(task))
        if ((*live)[successor].missing.fetch_sub(1, std::memory_order_acq_rel) == 1)
          decide(*live, successor, harvest);
    }
    if (live->remaining.fetch_sub(1, std::memory_order_acq_rel) == 1) end_target(*live, harvest);
  }
  if (harvest.submissions.empty()) return;
  if (wiring_.has_batches()) in_flight_ += static_cast<int>(harvest.submissions.size());
  pool_.submit(harvest.submissions);
  harvest.submissions.clear();
}

/// Frees the values that no task will read any more.
void GraphRun::drop_inputs(LiveTarget& live, int task) {
  const auto drop = [&](int producer) {
    if (live[producer].uses.fetch_sub(1, std::memory_order_acq_rel) == 1) live[producer].values.clear();
  };
  for (const InputSource& source : live.wiring->inputs(task))
    if (source.producer >= 0) drop(source.producer);
  if (const int guard = (*live.wiring)[task].guard; guard >= 0) drop(guard);
  if ((*live.wiring)[task].has_streams) drop(task);
}

void GraphRun::notify(Event event, const LiveTarget& live, int task) {
  if (!is_heard(event.what)) return;
  event.target_index = live.index;
  event.target = live.name;
  if (task >= 0) event.task = task_name(live, task);
  if (event.time == 0) event.time = elapsed();
  const std::unique_lock lock = lock_briefly(notify_mutex_);
  options_.observer->notify(event);
}

}  // namespace foldstream
