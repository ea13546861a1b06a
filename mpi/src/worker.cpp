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

/// Lays what one piece came to into the outcome of its target.
void merge(EndedTarget& target, const EndedPiece& piece) {
  target.outcome.name = piece.target;
  target.outcome.index = piece.piece.target;
  for (const auto& [task, outcome] : piece.tasks) {
    const auto position = static_cast<std::size_t>(task);
    if (target.outcome.tasks.size() <= position) target.outcome.tasks.resize(position + 1);
    target.outcome.tasks[position] = outcome;
  }
}

}  // namespace

Worker::Worker(int rank, WorkerOptions options, const std::string& graph_digest)
    : rank_(rank), options_(options) {
  known_.digest = graph_digest;
  known_.threads = options.threads;
  post_hello();
}

void Worker::post(Message message) {
  if (!has_left_ && !is_finished_) outbox_.push_back(std::move(message));
}

void Worker::post_hello() {
  known_.is_cancelled = is_cancelled_;
  ByteWriter writer;
  write_hello(writer, known_);
  post(make_message(MessageKind::hello, writer));
}

void Worker::greet_anew(int coordinator, double now) {
  coordinator_ = coordinator;
  outbox_.clear();  // all of it is in the greeting, or asked for again
  last_heard_ = now;
  has_asked_ = false;
  known_.held.clear();
  known_.opened.clear();
  for (const LeasedPiece& leased : leased_) known_.held.push_back(leased.piece);
  for (const auto& [piece, streams] : running_) {
    known_.held.push_back(piece);
    for (const OpenedStream& opened : streams) known_.opened.emplace_back(piece, opened);
  }
  const bool has_left = std::exchange(has_left_, false);
  post_hello();
  if (has_left) finish();
}

Worker::Take Worker::take(double now) {
  if (is_cancelled_) return {Turn::end, {}};
  // slow targets: a second one in the queue of a busy rank is one that an idle rank could run
  const bool is_full = lease_size_ == 1 && live_ >= options_.threads;
  if (!leased_.empty() && !is_full) {
    Take take{Turn::run, std::move(leased_.front())};
    leased_.pop_front();
    running_[take.leased.piece];
    if (live_++ == 0) last_end_ = now;
    if (lease_size_ > 1 && static_cast<int>(leased_.size()) <= lease_size_ / 2) request();
    return take;
  }
  if (is_over_ && leased_.empty()) return {Turn::end, {}};
  if (leased_.empty() && !is_full) request();
  return {Turn::wait, {}};
}

void Worker::request() {
  if (has_asked_ || is_over_) return;
  has_asked_ = true;
  ByteWriter writer;
  writer.number(static_cast<std::int32_t>(lease_size_));
  post(make_message(MessageKind::request, writer));
}

void Worker::count_targets(int count, const Failure& failure, const Piece& taken) {
  --live_;
  running_.erase(taken);
  std::erase_if(leased_, [count](const LeasedPiece& leased) { return leased.piece.target >= count; });
  known_.count = count;
  known_.failure = failure;
  ByteWriter writer;
  writer.number(static_cast<std::int32_t>(count));
  write_failure(writer, failure);
  post(make_message(MessageKind::counted, writer));
}

void Worker::open_stream(const Piece& piece, OpenedStream opened) {
  ByteWriter writer;
  write_piece(writer, piece);
  write_opened(writer, opened);
  post(make_message(MessageKind::opened, writer));
  running_[piece].push_back(std::move(opened));
}

void Worker::end_piece(EndedPiece ended, double now) {
  --live_;
  running_.erase(ended.piece);
  pace_ += 0.3 * (now - last_end_ - pace_);
  last_end_ = now;
  lease_size_ = static_cast<int>(
      std::clamp(lease_work / std::max(pace_, 1e-9), 1.0, double(options_.lease_depth)));
  ByteWriter writer;
  write_ended(writer, ended);
  post(make_message(MessageKind::ended, writer));
  if (!ended.is_void) known_.ended.push_back(std::move(ended));
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
  known_.failure = failure;
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
  for (const EndedPiece& piece : known_.ended) {
    EndedTarget& target = ended_[piece.piece.target];
    target.ranks.assign(1, rank_);
    merge(target, piece);
  }
}

/// Of what is leased and not begun, the last.
void Worker::give_back(std::size_t count) {
  count = std::min(count, leased_.size());
  if (count == 0) return;
  ByteWriter writer;
  writer.number(static_cast<std::int32_t>(count));
  for (; count > 0; --count) {
    write_piece(writer, leased_.back().piece);
    leased_.pop_back();
  }
  post(make_message(MessageKind::returned, writer));
}

void Worker::tick(double now) {
  if (is_finished_) return;
  if (!leased_.empty() && now - lease_began_ > lease_patience) {
    give_back(leased_.size());
    pace_ = std::max(pace_, lease_patience);
    lease_size_ = 1;
  }
  if (now - last_alive_ > alive_interval) {
    last_alive_ = now;
    post(make_message(MessageKind::alive));
  }
  const double limit = last_heard_ ? options_.silence_seconds : options_.start_seconds;
  if (limit > 0 && now - last_heard_.value_or(0) > limit)
    give_up("rank " + std::to_string(rank_) + " has heard nothing from rank " +
            std::to_string(coordinator_) + " for " + seconds_text(limit) +
            (last_heard_ ? ": it is lost." : ": it has not begun this run.") +
            " Look at its log, then run the same command again: finished tasks are kept.");
}

void Worker::on_message(const Message& message, double now) {
  last_heard_ = now;
  ByteReader reader(message.payload);
  switch (message.kind) {
    case MessageKind::lease:
      return on_lease(message, now);
    case MessageKind::recall:
      return give_back(static_cast<std::size_t>(std::max(0, reader.number<std::int32_t>())));
    case MessageKind::release:
      for (auto count = reader.number<std::int32_t>(); count > 0; --count)
        released_.push_back(reader.number<std::int32_t>());
      return;
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
                  "rank " + std::to_string(rank_) + " got a message from rank " +
                      std::to_string(coordinator_) +
                      " that it cannot understand. Use the same Foldstream on all ranks.");
  }
}

void Worker::on_lease(const Message& message, double now) {
  ByteReader reader(message.payload);
  Lease lease = read_lease(reader);
  has_asked_ = false;
  is_over_ = lease.is_over;
  wants_events_ = lease.wants_events;
  floor_ = lease.floor;
  losses_ = lease.losses;
  lease_began_ = now;
  if (!clock_offset_) clock_offset_ = lease.time - now;
  for (LeasedPiece& leased : lease.pieces) leased_.push_back(std::move(leased));
}

void Worker::on_outcomes(const Message& message) {
  ByteReader reader(message.payload);
  const auto count = reader.number<std::int32_t>();
  for (std::int32_t i = 0; i < count; ++i) {
    EndedTarget ended;
    for (auto parts = reader.number<std::int32_t>(); parts > 0; --parts)
      ended.ranks.push_back(reader.number<std::int32_t>());
    ended.outcome = read_outcome(reader);
    const int index = ended.outcome.index;
    ended_[index] = std::move(ended);
  }
}

void Worker::on_finish(const Message& message) {
  ByteReader reader(message.payload);
  failure_ = read_failure(reader);
  is_finished_ = true;
}

std::vector<Message> Worker::take_outbox() { return std::exchange(outbox_, {}); }

std::vector<std::int32_t> Worker::take_released() { return std::exchange(released_, {}); }

}  // namespace foldstream::mpi
