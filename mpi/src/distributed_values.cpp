// DistributedRun, the handle of the program: waiting, outcomes and values.
#include "distributed_run.hpp"

#include <algorithm>

namespace foldstream::mpi {

void DistributedRun::cancel() {
  const std::scoped_lock lock(mutex_);
  worker_.cancel();
  settle();
}

void DistributedRun::wait_for_all() const {
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return worker_.is_finished(); });
}

void DistributedRun::wait() {
  wait_for_all();
  if (local_ && worker_.is_cancelled()) local_->cancel();
  if (local_) local_->wait();
  const Failure& failure = worker_.failure();
  if (!failure.message.empty()) throw Error(failure.kind, failure.message);
}

void DistributedRun::end() {
  bool leads = false;
  {
    const std::scoped_lock lock(mutex_);
    leads = coordinator_.has_value();
  }
  if (leads) cancel();
  wait_for_all();
}

bool DistributedRun::is_finished() const {
  const std::scoped_lock lock(mutex_);
  return worker_.is_finished();
}

std::vector<TargetOutcome> DistributedRun::outcomes() const {
  const std::scoped_lock lock(mutex_);
  std::vector<TargetOutcome> outcomes;
  for (const auto& [index, ended] : coordinator_ ? coordinator_->ended() : worker_.ended()) {
    outcomes.push_back(ended.outcome);
    if (options_.store) continue;
    for (Outcome& outcome : outcomes.back().tasks) outcome.key.reset();  // it was for the way only
  }
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
  const int position = graph_.index_of(task);
  output_port(*graph_.tasks()[static_cast<std::size_t>(position)], port);
  const EndedTarget ended = ended_target(target_index);
  const Outcome& outcome = ended.outcome.tasks.at(static_cast<std::size_t>(position));
  const std::int32_t part = part_of_[static_cast<std::size_t>(position)];
  const int rank = ended.ranks.at(static_cast<std::size_t>(part));
  if (rank == parts_.rank) return value_here(task, port, {target_index, part});
  if (!outcome.is_good()) throw Error(outcome.kind, outcome.message);
  if (outcome.state == State::bypassed)
    throw Error(ErrorKind::NotFound, "task '" + task + "' was bypassed: it has no values.");
  return value_elsewhere(position, port, ended, rank);
}

Value DistributedRun::value_here(const std::string& task, const std::string& port,
                                 const Piece& piece) {
  int local = 0;
  {
    const std::scoped_lock lock(mutex_);
    local = local_index_.at(piece);
  }
  return local_->value(untyped_output(task, port), local);
}

/// The value of a piece that ran on another rank: given with the target, or in the store.
Value DistributedRun::value_elsewhere(int task, const std::string& port, const EndedTarget& ended,
                                      int rank) {
  const Task& described = *graph_.tasks()[static_cast<std::size_t>(task)];
  const Outcome& outcome = ended.outcome.tasks.at(static_cast<std::size_t>(task));
  const int index = ended.outcome.index;
  if (outcome.state == State::given)
    if (const auto target = cursor_.kept(index))
      for (const Given& given : target->given)
        if (given.output.task == described.name && given.output.port == port) return given.value;
  if (outcome.key && options_.store) {
    std::optional<StoredTask> stored = options_.store->load(*outcome.key);
    if (!stored) {
      options_.store->refresh();
      stored = options_.store->load(*outcome.key);
    }
    if (stored && stored->outputs.contains(port))
      return output_port(described, port).type.decode(stored->outputs.at(port));
  }
  throw Error(ErrorKind::NotFound,
              "the value of " + described.name + "." + port + " of target number " +
                  std::to_string(index) + " ('" + ended.outcome.name + "') is on rank " +
                  std::to_string(rank) + ", and rank " + std::to_string(parts_.rank) +
                  " cannot load it. Give all ranks a store on the same folder, or ask on that "
                  "rank.");
}

}  // namespace foldstream::mpi
