// DistributedRun, the local run and the source that feeds it with leased pieces.
#include "distributed_run.hpp"

#include <algorithm>

namespace foldstream::mpi {
namespace {

constexpr int least_window = 8;  // targets: so that the feeder wakes for several at once

}  // namespace

/// Hears the local run.
class DistributedRun::Listener final : public Observer {
 public:
  explicit Listener(DistributedRun& run) : run_(run) {}
  void notify(const Event& event) override { run_.hear(event); }
  bool wants(Event::What what) const override { return run_.wants(what); }

 private:
  DistributedRun& run_;
};

void DistributedRun::start() {
  RunOptions options = options_;
  options.observer = std::make_shared<Listener>(*this);
  options.on_ended = [this](TargetOutcome outcome) { hear_ended(std::move(outcome)); };
  // no more than it will soon begin; of slow targets the worker takes fewer
  options.window = std::max(least_window, 2 * parts_.threads->threads());
  options.streams = hub_;
  if (flow_) options.store = flow_;
  try {
    Run local = parts_.threads->run_source(
        graph_, [this] { return next_target(); }, options);
    const std::scoped_lock lock(mutex_);
    local_.emplace(std::move(local));
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    has_local_ended_ = true;
    worker_.fail(failure_of(std::current_exception(), "this rank cannot begin the run."));
    worker_.finish();
    settle();
    throw;
  }
}

// The feeder thread of the local run.

std::optional<Target> DistributedRun::next_target() {
  while (true) {
    Worker::Take take;
    int floor = 0, losses = 0;
    {
      std::unique_lock lock(mutex_);
      take = worker_.take(elapsed());
      settle();
      while (take.turn == Worker::Turn::wait) {
        is_feeder_waiting_ = true;
        may_take_.wait(lock);
        is_feeder_waiting_ = false;
        take = worker_.take(elapsed());
        settle();
      }
      floor = worker_.floor();
      losses = worker_.losses();
    }
    if (take.turn == Worker::Turn::end) return end_source();
    if (losses > seen_losses_ && options_.store) options_.store->refresh();
    seen_losses_ = losses;
    if (auto target = read_target(std::move(take.leased), floor)) return target;
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
std::optional<Target> DistributedRun::read_target(LeasedPiece leased, int floor) {
  Failure failure;
  const Piece piece = leased.piece;
  try {
    std::optional<Target> target = cursor_.at(piece.target, floor);
    if (target) {
      describe_part(*target, std::move(leased));
      return target;
    }
  } catch (...) {
    failure = failure_of(std::current_exception(),
                         "the source of targets threw something that is no std::exception.");
  }
  const std::scoped_lock lock(mutex_);
  worker_.count_targets(cursor_.count(), failure, piece);
  settle();
  return std::nullopt;
}

/// Makes a target one that only runs the tasks of the piece, and remembers it under a new index.
void DistributedRun::describe_part(Target& target, LeasedPiece leased) {
  LocalPiece local{leased.piece, {}};
  if (cut_.size() > 1) target.only = cut_[static_cast<std::size_t>(leased.piece.part)].tasks;
  for (KnownTask& known : leased.known) {
    if (known.earlier.outcome.key)
      flow_->locate(*known.earlier.outcome.key, known.rank, leased.piece.target);
    for (const Port& port : graph_.tasks()[static_cast<std::size_t>(known.earlier.task)]->outputs)
      if (known.earlier.outcome.key && port.type == PortType::of<Stream>())
        flow_->locate(stream_id(*known.earlier.outcome.key, port.name), known.rank,
                      leased.piece.target,
                      known.earlier.streams.empty() && known.earlier.outcome.is_good());
    if (!known.earlier.streams.empty()) local.feeders.push_back(known.rank);
    target.earlier.push_back(std::move(known.earlier));
  }
  const std::scoped_lock lock(mutex_);
  target.index = static_cast<int>(local_pieces_.size());
  local_index_[leased.piece] = target.index;
  local_pieces_.push_back(std::move(local));
}

}  // namespace foldstream::mpi
