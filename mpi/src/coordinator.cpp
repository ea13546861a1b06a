// Coordinator, what it hears, and the end of the run.
#include "coordinator.hpp"

#include <algorithm>
#include <utility>

namespace foldstream::mpi {
namespace {

constexpr double alive_interval = 5;            // s
constexpr std::size_t outcome_bytes = 1 << 20;  // of one message

std::string rank_text(int rank) { return "rank " + std::to_string(rank); }

std::string seconds_text(double seconds) {
  return std::to_string(static_cast<int>(seconds)) + " s";
}

std::size_t count_tasks(const std::vector<Part>& parts) {
  std::size_t count = 0;
  for (const Part& part : parts) count += part.tasks.size();
  return count;
}

}  // namespace

Coordinator::Coordinator(int ranks, CoordinatorOptions options)
    : options_(std::move(options)),
      part_of_(part_of_tasks(options_.parts, count_tasks(options_.parts))),
      peers_(static_cast<std::size_t>(ranks)),
      ready_(options_.parts.size()),
      is_taking_over_(options_.takes_over) {
  for (const int rank : options_.lost) peers_.at(static_cast<std::size_t>(rank)).is_lost = true;
}

void Coordinator::on_message(int rank, const Message& message, double now) {
  Peer& peer = peers_.at(static_cast<std::size_t>(rank));
  if (peer.is_lost || is_done_) return;
  peer.last_heard = now;
  ByteReader reader(message.payload);
  switch (message.kind) {
    case MessageKind::hello:
      on_hello(rank, message);
      break;
    case MessageKind::request:
      on_request(rank, message, now);
      break;
    case MessageKind::returned:
      on_returned(rank, message);
      break;
    case MessageKind::counted: {
      const auto count = reader.number<std::int32_t>();
      on_counted(rank, count, read_failure(reader));
      break;
    }
    case MessageKind::ended:
      on_ended(rank, read_ended(reader));
      break;
    case MessageKind::opened: {
      const Piece piece = read_piece(reader);
      on_opened(rank, piece, read_opened(reader));
      break;
    }
    case MessageKind::ask_cancel:
      cancel();
      break;
    case MessageKind::failed:
      on_failed(message);
      break;
    case MessageKind::finished:
      peer.has_left = true;
      break;
    case MessageKind::alive:
    case MessageKind::event:
      return;
    default:
      throw Error(ErrorKind::Communication,
                  rank_text(rank) + " sent a message that " + rank_text(options_.rank) +
                      " cannot understand. Use the same Foldstream on all ranks.");
  }
  serve(now);
  finish_if_all_left();
}

void Coordinator::on_hello(int rank, const Message& message) {
  ByteReader reader(message.payload);
  const Hello hello = read_hello(reader);
  Peer& peer = peers_[static_cast<std::size_t>(rank)];
  peer.threads = std::max(1, hello.threads);
  peer.has_greeted = true;
  peer.wanted = 0;
  if (is_cancelled_) post(rank, make_message(MessageKind::cancel));
  if (!digest_) digest_ = hello.digest;
  if (*digest_ != hello.digest)
    return fail(rank_text(rank) +
                " was given another graph than the ranks before it. All ranks must run the same "
                "graph.");
  if (hello.is_cancelled) cancel();
  absorb(rank, hello);
  record(hello.failure);
  if (hello.count >= 0) on_counted(rank, hello.count, hello.failure);
  resume();
}

void Coordinator::on_request(int rank, const Message& message, double now) {
  ByteReader reader(message.payload);
  Peer& peer = peers_[static_cast<std::size_t>(rank)];
  peer.wanted = std::max(1, reader.number<std::int32_t>());
  peer.asked_since = now;
}

void Coordinator::on_returned(int rank, const Message& message) {
  ByteReader reader(message.payload);
  for (auto count = reader.number<std::int32_t>(); count > 0; --count) {
    const Piece piece = read_piece(reader);
    PieceState* state = find(piece);
    if (state == nullptr || state->is != PieceState::Is::granted || state->rank != rank) continue;
    take_back(piece);
  }
}

void Coordinator::on_counted(int rank, std::int32_t count, const Failure& failure) {
  record(failure);
  if (total_ && *total_ != count)
    return fail(rank_text(rank) + " counts " + std::to_string(count) + " targets, " +
                rank_text(counted_by_) + " counts " + std::to_string(*total_) +
                ". All ranks must be given the same targets.");
  total_ = count;
  counted_by_ = rank;
  drop_behind(count);
  if (!ended_.empty() && ended_.rbegin()->first >= count)
    fail(rank_text(rank) + " counts " + std::to_string(count) + " targets, but " +
         rank_text(ended_.rbegin()->second.ranks.front()) + " ran target number " +
         std::to_string(ended_.rbegin()->first) +
         " (from 0). All ranks must be given the same targets.");
}

void Coordinator::on_ended(int rank, EndedPiece ended) {
  const int index = ended.piece.target;
  PieceState* state = find(ended.piece);
  if (total_ && index >= *total_)
    return fail(rank_text(rank) + " ran target number " + std::to_string(index) +
                " (from 0), but " + rank_text(counted_by_) + " counts " + std::to_string(*total_) +
                " targets. All ranks must be given the same targets.");
  if (state == nullptr || state->is != PieceState::Is::granted || state->rank != rank) return;
  if (ended.is_void || state->is_void) {
    const bool is_good = std::ranges::all_of(
        ended.tasks, [](const auto& task) { return task.second.is_good(); });
    if (!is_good) return take_back(ended.piece);
  }
  --peers_[static_cast<std::size_t>(rank)].held;
  state->is = PieceState::Is::ended;
  state->tasks = std::move(ended.tasks);
  LiveTarget& target = live_.at(index);
  target.name = std::move(ended.target);
  const auto has_ended = [](const PieceState& piece) { return piece.is == PieceState::Is::ended; };
  if (std::ranges::all_of(target.pieces, has_ended)) return end_target(index);
  make_ready(index, target);
}

void Coordinator::on_opened(int rank, const Piece& piece, OpenedStream opened) {
  PieceState* state = find(piece);
  if (state == nullptr || state->is != PieceState::Is::granted || state->rank != rank) return;
  state->opened.push_back(std::move(opened));
  make_ready(piece.target, live_.at(piece.target));
}

void Coordinator::cancel() {
  if (is_cancelled_) return;
  is_cancelled_ = true;
  post_all(MessageKind::cancel);
}

/// The first failure is the one that counts.
void Coordinator::record(const Failure& failure) {
  if (failure_.message.empty()) failure_ = failure;
}

void Coordinator::on_failed(const Message& message) {
  ByteReader reader(message.payload);
  record(read_failure(reader));
  cancel();
}

void Coordinator::fail(const std::string& why) {
  record({ErrorKind::Communication, why});
  cancel();
}

void Coordinator::tick(double now) {
  if (is_done_) return;
  if (now - last_alive_ > alive_interval) {
    last_alive_ = now;
    post_all(MessageKind::still_here);
  }
  check_liveness(now);
  serve(now);
  finish_if_all_left();
}

void Coordinator::check_liveness(double now) {
  for (Peer& peer : peers_) {
    if (peer.has_left || peer.is_lost) continue;
    const double limit = peer.has_greeted ? options_.silence_seconds : options_.start_seconds;
    if (limit <= 0 || now - peer.last_heard <= limit) continue;
    lose(rank_of(peer), peer.has_greeted ? " has not answered for " + seconds_text(limit) + "."
                                         : " has not begun this run within " + seconds_text(limit) +
                                               ". All ranks must run the same graphs.");
  }
}

/// Of a rank that may still be there, but does not answer.
void Coordinator::lose(int rank, const std::string& why) {
  peers_[static_cast<std::size_t>(rank)].is_lost = true;
  fail(rank_text(rank) + why +
       " Look at its log, then run the same command again: finished tasks are kept.");
}

void Coordinator::on_lost(int rank, double now) {
  Peer& lost = peers_.at(static_cast<std::size_t>(rank));
  if (lost.is_lost || is_done_) return;
  lost.is_lost = true;
  lost.wanted = 0;
  std::vector<Piece> held;
  for (auto& [index, target] : live_)
    for (std::size_t part = 0; part < target.pieces.size(); ++part) {
      const PieceState& piece = target.pieces[part];
      if (piece.is == PieceState::Is::granted && piece.rank == rank)
        held.push_back({index, static_cast<std::int32_t>(part)});
    }
  for (const Piece& piece : held) take_back(piece);
  resume();
  serve(now);
  finish_if_all_left();
}

void Coordinator::finish_if_all_left() {
  const auto is_gone = [](const Peer& peer) { return peer.has_left || peer.is_lost; };
  if (is_done_ || is_taking_over_ || !std::ranges::all_of(peers_, is_gone)) return;
  if (!is_cancelled_ && !live_.empty())
    record({ErrorKind::Communication,
            "a rank was lost at the very end of the run, with results that only it knew. Run the "
            "same command again: finished tasks are kept."});
  while (!live_.empty()) end_target(live_.begin()->first);
  for (const Peer& peer : peers_) {
    if (rank_of(peer) != options_.rank) send_outcomes(rank_of(peer));  // it has them here
    ByteWriter writer;
    write_failure(writer, failure_);
    post(rank_of(peer), make_message(MessageKind::finish, writer));
  }
  is_done_ = true;
}

void Coordinator::send_outcomes(int rank) {
  auto next = ended_.begin();
  while (next != ended_.end()) {
    ByteWriter body;
    std::int32_t count = 0;
    for (; next != ended_.end() && body.size() < outcome_bytes; ++next, ++count) {
      body.number(static_cast<std::int32_t>(next->second.ranks.size()));
      for (const std::int32_t of_part : next->second.ranks) body.number(of_part);
      write_outcome(body, next->second.outcome);
    }
    ByteWriter writer;
    writer.number(count);
    writer.bytes(body.take());
    post(rank, make_message(MessageKind::outcomes, writer));
  }
}

void Coordinator::post(int rank, Message message) {
  if (!peers_[static_cast<std::size_t>(rank)].is_lost)
    outbox_.push_back({rank, std::move(message)});
}

void Coordinator::post_all(MessageKind kind) {
  for (const Peer& peer : peers_)
    if (peer.has_greeted) post(rank_of(peer), make_message(kind));
}

std::vector<Envelope> Coordinator::take_outbox() { return std::exchange(outbox_, {}); }

std::vector<int> Coordinator::take_just_ended() { return std::exchange(just_ended_, {}); }

}  // namespace foldstream::mpi
