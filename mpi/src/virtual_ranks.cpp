#include "coordinator.hpp"

#include <foldstream/mpi/virtual_ranks.hpp>
#include <foldstream/virtual_executor.hpp>

#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace foldstream::mpi {
namespace {

constexpr double patience = 0.051;  // s, after which a worker looks at its lease again

/// Outcomes that were collected, as a run.
class FinishedRun final : public RunState {
 public:
  FinishedRun(std::vector<TargetOutcome> outcomes, std::exception_ptr failure)
      : outcomes_(std::move(outcomes)), failure_(std::move(failure)) {}
  void wait() override {
    if (failure_) std::rethrow_exception(failure_);
  }
  bool is_finished() const override { return true; }
  void cancel() override {}
  std::vector<TargetOutcome> outcomes() const override { return outcomes_; }
  Value value(const std::string&, const std::string&, int) override {
    throw Error(ErrorKind::NotFound, "a rehearsal has no values.");
  }

 private:
  std::vector<TargetOutcome> outcomes_;
  std::exception_ptr failure_;
};

/// All ranks of one run.
class Rehearsal {
 public:
  Rehearsal(const Graph& graph, TargetSource source, RunOptions options, VirtualRanksOptions chosen)
      : source_(std::move(source)),
        observer_(options.observer),
        chosen_(chosen),
        coordinator_(chosen.ranks, {.start_seconds = 0, .silence_seconds = 0}) {
    options.keep_values = false;
    for (int rank = 0; rank < chosen.ranks; ++rank) {
      options.observer = std::make_shared<Listener>(*this, rank);
      ranks_.push_back({Worker(rank, {chosen.capacity.threads, chosen.lease_depth, 0, 0}, "one"),
                        VirtualMachine(clock_, graph, {.capacity = chosen.capacity}, options)});
    }
  }

  void run() {
    for (int rank = 0; rank < chosen_.ranks; ++rank) tend(rank);
    while (clock_->step()) {
    }
  }
  double now() const { return ended_at_; }
  std::exception_ptr failure() const { return failure_; }

  std::vector<TargetOutcome> outcomes() const {
    std::vector<TargetOutcome> all;
    for (const auto& [index, ended] : coordinator_.ended()) all.push_back(ended.outcome);
    return all;
  }

 private:
  struct Rank {
    Worker worker;
    VirtualMachine machine;
    bool has_closed = false;
    bool is_tended = false;  ///< `tend` is due
    std::map<int, TargetOutcome> live = {};
  };

  /// Hears one rank.
  class Listener final : public Observer {
   public:
    Listener(Rehearsal& all, int rank) : all_(all), rank_(rank) {}
    void notify(const Event& event) override { all_.hear(rank_, event); }

   private:
    Rehearsal& all_;
    int rank_;
  };

  Rank& at(int rank) { return ranks_[static_cast<std::size_t>(rank)]; }

  void hear(int rank, Event event) {
    event.rank = rank;
    if (observer_) observer_->notify(event);
    if (event.what != Event::What::target_ended) return;
    ended_at_ = clock_->now();
    at(rank).worker.end_piece({{event.target_index, 0}, false, event.target, {{0, event.outcome}}},
                              clock_->now());
    tend_soon(rank);
  }

  void tend_soon(int rank) {
    if (std::exchange(at(rank).is_tended, true)) return;
    clock_->after(0, [this, rank] { tend(rank); });
  }

  /// Lets a rank take what it may, and sends what it has to say.
  void tend(int rank) {
    Rank& here = at(rank);
    here.is_tended = false;
    while (true) {
      const Worker::Take take = here.worker.take(clock_->now());
      if (take.turn == Worker::Turn::wait) break;
      if (take.turn == Worker::Turn::end) {
        close(here);
        break;
      }
      if (const auto target = read(take.leased.piece.target))
        here.machine.admit(*target);
      else
        here.worker.count_targets(static_cast<int>(count_), {}, take.leased.piece);
    }
    for (Message& message : here.worker.take_outbox())
      clock_->after(chosen_.latency_seconds, [this, rank, sent = std::move(message)] {
        coordinator_.on_message(rank, sent, clock_->now());
        deliver();
        clock_->after(patience, [this] { coordinate(); });  // it may have let a rank wait
      });
  }

  void coordinate() {
    coordinator_.tick(clock_->now());
    deliver();
  }

  void deliver() {
    for (Envelope& envelope : coordinator_.take_outbox())
      clock_->after(chosen_.latency_seconds, [this, sent = std::move(envelope)] {
        at(sent.peer).worker.on_message(sent.message, clock_->now());
        tend(sent.peer);
        clock_->after(patience, [this, rank = sent.peer] {
          at(rank).worker.tick(clock_->now());  // it may give a lease back
          tend(rank);
        });
      });
  }

  void close(Rank& rank) {
    if (std::exchange(rank.has_closed, true)) return;
    rank.machine.close();
    rank.worker.finish();
  }

  /// The target of an index; nothing behind the last.
  std::optional<Target> read(int index) {
    while (!is_at_end_ && count_ <= static_cast<std::size_t>(index)) {
      std::optional<Target> target;
      try {
        target = source_();
      } catch (...) {
        failure_ = std::current_exception();
      }
      if (!target) {
        is_at_end_ = true;
        break;
      }
      target->index = static_cast<int>(count_++);
      waiting_[target->index] = std::move(*target);
    }
    auto node = waiting_.extract(index);
    if (!node) return std::nullopt;
    return std::move(node.mapped());
  }

  const std::shared_ptr<VirtualClock> clock_ = std::make_shared<VirtualClock>();
  TargetSource source_;
  std::shared_ptr<Observer> observer_;
  VirtualRanksOptions chosen_;
  Coordinator coordinator_;
  std::deque<Rank> ranks_;
  std::map<int, Target> waiting_;  ///< read, and not begun
  std::size_t count_ = 0;
  bool is_at_end_ = false;
  double ended_at_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

VirtualRanks::VirtualRanks(VirtualRanksOptions options) : options_(std::move(options)) {
  if (options_.ranks < 1)
    throw Error(ErrorKind::InvalidArgument,
                "a rehearsal needs 1 rank or more, not " + std::to_string(options_.ranks) + ".");
  if (options_.capacity.threads < 1 || options_.lease_depth < 1)
    throw Error(ErrorKind::InvalidArgument, "a rank needs 1 thread or more, and a lease of 1 or more.");
}

Run VirtualRanks::run_source(const Graph& graph, TargetSource source, RunOptions options) {
  Rehearsal rehearsal(graph, std::move(source), std::move(options), options_);
  rehearsal.run();
  makespan_ = rehearsal.now();
  return Run(std::make_shared<FinishedRun>(rehearsal.outcomes(), rehearsal.failure()));
}

}  // namespace foldstream::mpi
