#include "worker.hpp"

#include <algorithm>
#include <utility>

namespace foldstream::mpi {
namespace {

constexpr double alive_interval = 5;      // s
constexpr double lease_work = 0.010;      // s, of work in a lease
constexpr double lease_patience = 0.050;  // s, until an unbegun lease goes back

std::string seconds_text(double seconds) {
  return std::to_string(static_cast<int>(seconds)) + " s";
}

}  // namespace

Worker::Worker(int rank, WorkerOptions options, const std::string& graph_digest)
    : rank_(rank), options_(options) {
  ByteWriter writer;
  writer.text(graph_digest).number(static_cast<std::int32_t>(options.threads));
  post(make_message(MessageKind::hello, writer));
}

void Worker::post(Message message) {
  if (!has_left_ && !is_finished_) outbox_.push_back(std::move(message));
}

Worker::Take Worker::take(double now) {
  if (is_cancelled_) return {Turn::end, 0};
  // slow targets: a second one in the queue of a busy rank is one that an idle rank could run
  const bool is_full = lease_size_ == 1 && live_ >= options_.threads;
  if (!leased_.empty() && !is_full) {
    const int index = leased_.front();
    leased_.pop_front();
    if (live_++ == 0) last_end_ = now;
    if (lease_size_ > 1 && static_cast<int>(leased_.size()) <= lease_size_ / 2) request();
    return {Turn::run, index};
  }
  if (is_over_ && leased_.empty()) return {Turn::end, 0};
  if (leased_.empty() && !is_full) request();
  return {Turn::wait, 0};
}

void Worker::request() {
  if (has_asked_ || is_over_) return;
  has_asked_ = true;
  ByteWriter writer;
  writer.number(static_cast<std::int32_t>(lease_size_));
  post(make_message(MessageKind::request, writer));
}

void Worker::count_targets(int count, const Failure& failure) {
  --live_;
  std::erase_if(leased_, [count](int index) { return index >= count; });
  ByteWriter writer;
  writer.number(static_cast<std::int32_t>(count));
  write_failure(writer, failure);
  post(make_message(MessageKind::counted, writer));
}

void Worker::end_target(TargetOutcome outcome, double now) {
  --live_;
  pace_ += 0.3 * (now - last_end_ - pace_);
  last_end_ = now;
  lease_size_ = static_cast<int>(
      std::clamp(lease_work / std::max(pace_, 1e-9), 1.0, double(options_.lease_depth)));
  ByteWriter writer;
  write_outcome(writer, outcome);
  post(make_message(MessageKind::ended, writer));
  ended_[outcome.index] = {rank_, std::move(outcome)};
}

void Worker::tell(Event event) {
  if (!wants_events_) return;
  event.rank = rank_;
  event.time += clock_offset_.value_or(0);
  ByteWriter writer;
  write_event(writer, event);
  post(make_message(MessageKind::event, writer));
}

void Worker::cancel() {
  if (is_cancelled_ || is_finished_) return;
  is_cancelled_ = true;
  post(make_message(MessageKind::ask_cancel));
}

void Worker::fail(const Failure& failure) {
  is_cancelled_ = true;
  ByteWriter writer;
  write_failure(writer, failure);
  post(make_message(MessageKind::failed, writer));
}

void Worker::finish() {
  post(make_message(MessageKind::finished));
  has_left_ = true;
}

void Worker::give_up(const std::string& why) {
  if (is_finished_) return;
  failure_ = {ErrorKind::Communication, why};
  is_cancelled_ = true;
  is_finished_ = true;
}

void Worker::return_lease() {
  ByteWriter writer;
  writer.number(static_cast<std::int32_t>(leased_.size()));
  for (const int index : leased_) writer.number(static_cast<std::int32_t>(index));
  post(make_message(MessageKind::returned, writer));
  leased_.clear();
  pace_ = std::max(pace_, lease_patience);
  lease_size_ = 1;
}

void Worker::tick(double now) {
  if (is_finished_) return;
  if (!leased_.empty() && now - lease_began_ > lease_patience) return_lease();
  if (now - last_alive_ > alive_interval) {
    last_alive_ = now;
    post(make_message(MessageKind::alive));
  }
  const double limit = last_heard_ ? options_.silence_seconds : options_.start_seconds;
  if (limit > 0 && now - last_heard_.value_or(0) > limit)
    give_up("rank " + std::to_string(rank_) + " has heard nothing from rank 0 for " +
            seconds_text(limit) + (last_heard_ ? ": it is lost." : ": it has not begun this run.") +
            " Look at its log, then run the same command again: finished tasks are kept.");
}

void Worker::on_message(const Message& message, double now) {
  last_heard_ = now;
  switch (message.kind) {
    case MessageKind::lease:
      return on_lease(message, now);
    case MessageKind::cancel:
      is_cancelled_ = true;
      return;
    case MessageKind::outcomes:
      return on_outcomes(message);
    case MessageKind::finish:
      return on_finish(message);
    case MessageKind::still_here:
      return;
    default:
      throw Error(ErrorKind::Communication,
                  "rank " + std::to_string(rank_) +
                      " got a message from rank 0 that it cannot "
                      "understand. Use the same Foldstream on all ranks.");
  }
}

void Worker::on_lease(const Message& message, double now) {
  ByteReader reader(message.payload);
  const Lease lease = read_lease(reader);
  has_asked_ = false;
  is_over_ = lease.is_over;
  wants_events_ = lease.wants_events;
  floor_ = lease.floor;
  lease_began_ = now;
  if (!clock_offset_) clock_offset_ = lease.time - now;
  leased_.insert(leased_.end(), lease.indices.begin(), lease.indices.end());
}

void Worker::on_outcomes(const Message& message) {
  ByteReader reader(message.payload);
  const auto count = reader.number<std::int32_t>();
  for (std::int32_t i = 0; i < count; ++i) {
    const auto rank = reader.number<std::int32_t>();
    TargetOutcome outcome = read_outcome(reader);
    ended_[outcome.index] = {rank, std::move(outcome)};
  }
}

void Worker::on_finish(const Message& message) {
  ByteReader reader(message.payload);
  failure_ = read_failure(reader);
  is_finished_ = true;
}

std::vector<Message> Worker::take_outbox() { return std::exchange(outbox_, {}); }

}  // namespace foldstream::mpi
