#include "coordinator.hpp"

#include <algorithm>
#include <utility>

namespace foldstream::mpi {
namespace {

constexpr double alive_interval = 5;            // s
constexpr double courtesy = 0.020;              // s
constexpr std::size_t outcome_bytes = 1 << 20;  // of one message

std::string rank_text(int rank) { return "rank " + std::to_string(rank); }

std::string seconds_text(double seconds) {
  return std::to_string(static_cast<int>(seconds)) + " s";
}

}  // namespace

Coordinator::Coordinator(int ranks, CoordinatorOptions options)
    : options_(options), peers_(static_cast<std::size_t>(ranks)) {}

void Coordinator::on_message(int rank, const Message& message, double now) {
  Peer& peer = peers_.at(static_cast<std::size_t>(rank));
  if (peer.is_lost || is_done_) return;
  peer.last_heard = now;
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
    case MessageKind::counted:
      on_counted(rank, message);
      break;
    case MessageKind::ended:
      on_ended(rank, message);
      break;
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
      throw Error(ErrorKind::Communication, rank_text(rank) +
                                                " sent a message that rank 0 cannot understand. "
                                                "Use the same Foldstream on all ranks.");
  }
  serve(now);
  finish_if_all_left();
}

void Coordinator::on_hello(int rank, const Message& message) {
  ByteReader reader(message.payload);
  const std::string digest = reader.text();
  Peer& peer = peers_[static_cast<std::size_t>(rank)];
  peer.threads = std::max(1, reader.number<std::int32_t>());
  peer.has_greeted = true;
  if (is_cancelled_) post(rank, make_message(MessageKind::cancel));
  if (!digest_) digest_ = digest;
  if (*digest_ != digest)
    fail(rank_text(rank) +
         " was given another graph than the ranks before it. All ranks must run the same graph.");
}

void Coordinator::on_request(int rank, const Message& message, double now) {
  ByteReader reader(message.payload);
  Peer& peer = peers_[static_cast<std::size_t>(rank)];
  peer.wanted = std::max(1, reader.number<std::int32_t>());
  peer.asked_since = now;
}

void Coordinator::on_returned(int rank, const Message& message) {
  ByteReader reader(message.payload);
  const auto count = reader.number<std::int32_t>();
  for (std::int32_t i = 0; i < count; ++i) {
    const auto index = reader.number<std::int32_t>();
    const auto found = granted_.find(index);
    if (found == granted_.end() || found->second != rank) continue;
    release(index);
    if (!total_ || index < *total_) returned_.insert(index);
  }
}

void Coordinator::on_counted(int rank, const Message& message) {
  ByteReader reader(message.payload);
  const auto count = reader.number<std::int32_t>();
  record(read_failure(reader));
  if (total_ && *total_ != count)
    return fail(rank_text(rank) + " counts " + std::to_string(count) + " targets, " +
                rank_text(counted_by_) + " counts " + std::to_string(*total_) +
                ". All ranks must be given the same targets.");
  total_ = count;
  counted_by_ = rank;
  while (!granted_.empty() && granted_.rbegin()->first >= count) release(granted_.rbegin()->first);
  returned_.erase(returned_.lower_bound(count), returned_.end());
  if (!ended_.empty() && ended_.rbegin()->first >= count)
    fail(rank_text(rank) + " counts " + std::to_string(count) + " targets, but " +
         rank_text(ended_.rbegin()->second.rank) + " ran target number " +
         std::to_string(ended_.rbegin()->first) +
         " (from 0). All ranks must be given the same targets.");
}

void Coordinator::on_ended(int rank, const Message& message) {
  ByteReader reader(message.payload);
  TargetOutcome outcome = read_outcome(reader);
  const int index = outcome.index;
  release(index);
  ended_.try_emplace(index, EndedTarget{rank, std::move(outcome)});
  if (total_ && index >= *total_)
    fail(rank_text(rank) + " ran target number " + std::to_string(index) + " (from 0), but " +
         rank_text(counted_by_) + " counts " + std::to_string(*total_) +
         " targets. All ranks must be given the same targets.");
}

void Coordinator::release(int index) {
  const auto found = granted_.find(index);
  if (found == granted_.end()) return;
  --peers_[static_cast<std::size_t>(found->second)].held;
  granted_.erase(found);
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

void Coordinator::lose(int rank, const std::string& why) {
  peers_[static_cast<std::size_t>(rank)].is_lost = true;
  fail(rank_text(rank) + why +
       " Look at its log, then run the same command again: finished tasks are kept.");
}

/// Nothing is left to grant, though something may still come back.
bool Coordinator::is_exhausted() const { return returned_.empty() && total_ && next_ >= *total_; }

bool Coordinator::is_over() const { return is_cancelled_ || (is_exhausted() && granted_.empty()); }

void Coordinator::serve(double now) {
  while (Peer* peer = next_in_line()) {
    if (!is_over() && (is_exhausted() || should_wait(*peer, now))) return;
    grant(*peer, now);
  }
}

/// The rank with the fewest targets per thread among those that wait.
Coordinator::Peer* Coordinator::next_in_line() {
  Peer* best = nullptr;
  for (Peer& peer : peers_) {
    if (peer.wanted == 0) continue;
    if (best == nullptr || peer.held * best->threads < best->held * peer.threads) best = &peer;
  }
  return best;
}

/// Whether an emptier rank will likely ask in a moment.
bool Coordinator::should_wait(const Peer& peer, double now) const {
  if (peer.wanted > 1 || now - peer.asked_since >= courtesy) return false;
  return std::ranges::any_of(peers_, [&](const Peer& other) {
    return other.wanted == 0 && !other.has_left && !other.is_lost && other.held < other.threads &&
           other.held * peer.threads < peer.held * other.threads;
  });
}

void Coordinator::grant(Peer& peer, double now) {
  Lease lease;
  lease.is_over = is_over();
  lease.wants_events = options_.wants_events;
  lease.time = now;
  for (; peer.wanted > 0 && !lease.is_over && !is_exhausted(); --peer.wanted) {
    int index = next_;
    if (returned_.empty())
      ++next_;
    else
      index = returned_.extract(returned_.begin()).value();
    granted_[index] = rank_of(peer);
    ++peer.held;
    lease.indices.push_back(index);
  }
  peer.wanted = 0;
  lease.floor = floor();
  ByteWriter writer;
  write_lease(writer, lease);
  post(rank_of(peer), make_message(MessageKind::lease, writer));
}

int Coordinator::floor() const {
  int floor = next_;
  if (!granted_.empty()) floor = std::min(floor, granted_.begin()->first);
  if (!returned_.empty()) floor = std::min(floor, *returned_.begin());
  return floor;
}

void Coordinator::finish_if_all_left() {
  const auto is_gone = [](const Peer& peer) { return peer.has_left || peer.is_lost; };
  if (is_done_ || !std::ranges::all_of(peers_, is_gone)) return;
  for (const Peer& peer : peers_) {
    if (rank_of(peer) != 0) send_outcomes(rank_of(peer));  // rank 0 has them here
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
      body.number(static_cast<std::int32_t>(next->second.rank));
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

}  // namespace foldstream::mpi
