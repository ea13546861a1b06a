// DistributedRun, what the local run tells: outcomes for the coordinator, events for the observer.
#include "distributed_run.hpp"

#include <algorithm>

namespace foldstream::mpi {
namespace {

using What = Event::What;

constexpr double progress_interval = 0.1;  // s, between forwarded progress events of a task

bool is_of_target(const Event& event) {
  return event.what == What::target_started || event.what == What::target_ended;
}

}  // namespace

// The threads of the local run.

void DistributedRun::hear(Event event) {
  const int local = event.target_index;
  event.rank = parts_.rank;
  if (event.what == What::stream_opened) open_stream(event, local);
  bool is_told = false, leads = false;
  {
    const std::scoped_lock lock(mutex_);
    const Piece piece = local_pieces_[static_cast<std::size_t>(local)].piece;
    event.target_index = piece.target;
    is_told = cut_.size() == 1 || (!is_of_target(event) && is_of_part(event, piece.part));
    leads = coordinator_.has_value();
    if (is_told) locate_outputs(event, piece);
    if (is_told && !leads && !is_dropped(event)) worker_.tell(event);
    settle();
  }
  if (is_told && leads) observe(event);
}

/// Of what happens on this rank. If a target is one piece, only what somebody listens to: its outcome
/// comes without.
bool DistributedRun::wants(What) const {
  return cut_.size() > 1 || is_heard_;
}

/// Of a task that this piece runs, or an element of its list.
bool DistributedRun::is_of_part(const Event& event, int part) const {
  const std::string task =
      graph_.contains(event.task) ? event.task : event.task.substr(0, event.task.find('['));
  return graph_.contains(task) &&
         part_of_[static_cast<std::size_t>(graph_.index_of(task))] == part;
}

/// Other ranks may ask for what a task has made.
void DistributedRun::locate_outputs(const Event& event, const Piece& piece) {
  if (event.what != What::task_ended || !flow_ || !event.outcome.key) return;
  if (graph_.contains(event.task))  // not an element's
    flow_->locate(*event.outcome.key, parts_.rank, piece.target);
}

/// Others may read the stream from now on.
void DistributedRun::open_stream(const Event& event, int local) {
  if (!flow_ || !event.outcome.key) return;
  const Key& key = *event.outcome.key;
  const std::optional<StreamType> type = hub_->type_of(stream_id(key, event.text));
  if (!type) return;
  const std::scoped_lock lock(mutex_);
  const Piece piece = local_pieces_[static_cast<std::size_t>(local)].piece;
  flow_->locate(key, parts_.rank, piece.target);
  worker_.open_stream(piece, {graph_.index_of(event.task), event.text,
                              {stream_id(key, event.text), *type}, key});
}

/// A piece has ended, with `outcome` by its index here.
void DistributedRun::hear_ended(TargetOutcome outcome) {
  LocalPiece local;
  {
    const std::scoped_lock lock(mutex_);
    local = local_pieces_[static_cast<std::size_t>(outcome.index)];
  }
  outcome.index = local.piece.target;
  if (options_.on_ended) options_.on_ended(outcome);
  EndedPiece ended{local.piece, false, outcome.name, {}};
  const std::vector<int>& tasks = cut_[static_cast<std::size_t>(local.piece.part)].tasks;
  ended.tasks.reserve(tasks.size());
  for (const int task : tasks)
    ended.tasks.emplace_back(task, std::move(outcome.tasks[static_cast<std::size_t>(task)]));
  {
    const std::scoped_lock lock(mutex_);
    ended.is_void = std::ranges::any_of(
        local.feeders, [this](int rank) { return lost_.contains(rank); });
    worker_.end_piece(std::move(ended), elapsed());
    settle();
  }
  observe_ended_targets();
}

/// Progress of a task is forwarded ten times a second at most.
bool DistributedRun::is_dropped(const Event& event) {
  const std::pair key(event.target_index, event.task);
  if (event.what == What::task_ended && !progress_.empty()) progress_.erase(key);
  if (event.what != What::task_progress) return false;
  const auto found = progress_.find(key);
  const double now = elapsed();
  if (found != progress_.end() && now - found->second < progress_interval) return true;
  progress_[key] = now;
  return false;
}

/// Any thread, of this rank's events and of those that other ranks sent.
void DistributedRun::observe(const Event& event) {
  if (!options_.observer) return;
  const std::scoped_lock lock(observer_mutex_);
  observe_target(event);
  options_.observer->notify(event);
}

/// Of a graph that is cut, a target begins with the first event of its first piece.
void DistributedRun::observe_target(const Event& event) {
  if (cut_.size() == 1 || !told_targets_.insert(event.target_index).second) return;
  Event began;
  began.what = What::target_started;
  began.target_index = event.target_index;
  began.target = event.target;
  began.time = event.time;
  began.rank = event.rank;
  options_.observer->notify(began);
}

/// And it ends when the coordinator has heard of the end of all its pieces.
void DistributedRun::observe_ended_targets() {
  if (cut_.size() == 1 || !options_.observer) return;
  std::vector<Event> events;
  {
    const std::scoped_lock lock(mutex_);
    if (!coordinator_) return;
    for (const int index : coordinator_->take_just_ended()) {
      const TargetOutcome& outcome = coordinator_->ended().at(index).outcome;
      Event& event = events.emplace_back();
      event.what = What::target_ended;
      event.target_index = index;
      event.target = outcome.name;
      event.time = elapsed();
      event.rank = parts_.rank;
      event.outcome = outcome.worst();
    }
  }
  for (const Event& event : events) {
    observe(event);
    const std::scoped_lock lock(observer_mutex_);
    told_targets_.erase(event.target_index);
  }
}

}  // namespace foldstream::mpi
