// Coordinator, granting: which rank gets which piece.
#include "coordinator.hpp"

#include <algorithm>
#include <utility>

namespace foldstream::mpi {
namespace {

constexpr double courtesy = 0.020;       // s
constexpr double recall_interval = 0.2;  // s, between two recalls from a rank
constexpr int looked_at = 32;            // ready pieces, for one whose inputs are near

}  // namespace

/// Nothing is left to begin with, though something may still come back.
bool Coordinator::is_exhausted() const {
  const auto is_empty = [](const std::set<int>& ready) { return ready.empty(); };
  return total_ && next_ >= *total_ && std::ranges::all_of(ready_, is_empty);
}

bool Coordinator::is_over() const { return is_cancelled_ || (is_exhausted() && live_.empty()); }

void Coordinator::serve(double now) {
  if (is_taking_over_) return;
  if (is_over()) {
    for (Peer& peer : peers_)
      if (peer.wanted > 0) grant_over(peer, now);
    return;
  }
  while (Peer* peer = next_in_line()) {
    if (should_wait(*peer, now)) break;
    grant(*peer, now);
  }
  const auto is_idle = [this](const Peer& peer) {
    return peer.wanted > 0 && !has_work_for(rank_of(peer));
  };
  if (const auto idle = std::ranges::find_if(peers_, is_idle); idle != peers_.end())
    recall_for(*idle, now);
}

/// The rank with the fewest pieces per thread among those that wait and can be served.
Coordinator::Peer* Coordinator::next_in_line() {
  Peer* best = nullptr;
  for (Peer& peer : peers_) {
    if (peer.wanted == 0 || !has_work_for(rank_of(peer))) continue;
    if (best == nullptr || peer.held * best->threads < best->held * peer.threads) best = &peer;
  }
  return best;
}

/// Whether an emptier rank of the same kind will likely ask in a moment.
bool Coordinator::should_wait(const Peer& peer, double now) const {
  if (peer.wanted > 1 || now - peer.asked_since >= courtesy) return false;
  return std::ranges::any_of(peers_, [&](const Peer& other) {
    return other.wanted == 0 && !other.has_left && !other.is_lost && other.held < other.threads &&
           other.held * peer.threads < peer.held * other.threads && has_work_for(rank_of(other));
  });
}

/// By its kind; if no rank of the right kind is left, any.
bool Coordinator::may_run_here(int part, int rank) const {
  if (options_.facts.empty()) return true;
  const Part& wanted = options_.parts[static_cast<std::size_t>(part)];
  if (may_run(options_.facts[static_cast<std::size_t>(rank)], wanted)) return true;
  return std::ranges::none_of(peers_, [&](const Peer& peer) {
    return !peer.is_lost && !peer.has_left &&
           may_run(options_.facts[static_cast<std::size_t>(rank_of(peer))], wanted);
  });
}

/// Whether a new target may be begun, on this rank.
bool Coordinator::may_admit(int rank) const {
  if (total_ && next_ >= *total_) return false;
  const bool is_cut = options_.parts.size() > 1;
  if (is_cut && options_.run_ahead > 0 && std::ssize(live_) >= options_.run_ahead) return false;
  for (std::size_t part = 0; part < options_.parts.size(); ++part)
    if (options_.parts[part].needs.empty() && may_run_here(static_cast<int>(part), rank)) return true;
  return false;
}

bool Coordinator::has_work_for(int rank) const {
  for (std::size_t part = 0; part < ready_.size(); ++part)
    if (!ready_[part].empty() && may_run_here(static_cast<int>(part), rank)) return true;
  return may_admit(rank);
}

/// Later parts first: they free what earlier ones made.
std::optional<Piece> Coordinator::choose(int rank) {
  for (int part = static_cast<int>(ready_.size()) - 1; part >= 0; --part)
    if (auto piece = choose_of(part, rank)) return piece;
  if (!may_admit(rank)) return std::nullopt;
  admit(next_++);
  return choose(rank);
}

/// One whose inputs are on the rank, if one is among the first.
std::optional<Piece> Coordinator::choose_of(int part, int rank) {
  const std::set<int>& ready = ready_[static_cast<std::size_t>(part)];
  if (ready.empty() || !may_run_here(part, rank)) return std::nullopt;
  const Part& described = options_.parts[static_cast<std::size_t>(part)];
  if (described.needs.empty()) return Piece{*ready.begin(), part};
  int left = looked_at;
  for (auto index = ready.begin(); index != ready.end() && left > 0; ++index, --left) {
    const LiveTarget& target = live_.at(*index);
    if (std::ranges::any_of(described.needs, [&](const PartNeed& need) {
          return target.pieces[static_cast<std::size_t>(need.part)].rank == rank;
        }))
      return Piece{*index, part};
  }
  return Piece{*ready.begin(), part};
}

void Coordinator::grant(Peer& peer, double now) {
  const int rank = rank_of(peer);
  Lease lease;
  for (; peer.wanted > 0; --peer.wanted) {
    const std::optional<Piece> piece = choose(rank);
    if (!piece) break;
    ready_[static_cast<std::size_t>(piece->part)].erase(piece->target);
    PieceState& state = *find(*piece);
    state.is = PieceState::Is::granted;
    state.rank = rank;
    ++peer.held;
    lease.pieces.push_back(describe(*piece));
  }
  peer.wanted = 0;
  send_lease(peer, std::move(lease), now);
}

void Coordinator::grant_over(Peer& peer, double now) {
  peer.wanted = 0;
  Lease lease;
  lease.is_over = true;
  send_lease(peer, std::move(lease), now);
}

void Coordinator::send_lease(const Peer& peer, Lease lease, double now) {
  lease.wants_events = options_.wants_events;
  lease.time = now;
  lease.floor = floor();
  lease.losses = static_cast<std::int32_t>(
      std::ranges::count_if(peers_, [](const Peer& other) { return other.is_lost; }));
  ByteWriter writer;
  write_lease(writer, lease);
  post(rank_of(peer), make_message(MessageKind::lease, writer));
}

/// With all that its rank must know of the tasks before it.
LeasedPiece Coordinator::describe(const Piece& piece) const {
  LeasedPiece leased{piece, {}};
  const LiveTarget& target = live_.at(piece.target);
  for (const int task : options_.parts[static_cast<std::size_t>(piece.part)].ancestors) {
    const PieceState& from = target.pieces[static_cast<std::size_t>(part_of_[static_cast<std::size_t>(task)])];
    KnownTask known{from.rank, {task, {}, {}}};
    if (from.is == PieceState::Is::ended) {
      const auto ended = std::ranges::find(from.tasks, task, [](const auto& one) { return one.first; });
      if (ended == from.tasks.end()) continue;
      known.earlier.outcome = ended->second;
      leased.known.push_back(std::move(known));
      continue;
    }
    for (const OpenedStream& opened : from.opened) {
      if (opened.task != task) continue;
      known.earlier.outcome.key = opened.key;
      known.earlier.streams.emplace_back(opened.port, opened.stream);
    }
    if (!known.earlier.streams.empty()) leased.known.push_back(std::move(known));
  }
  return leased;
}

/// Whether there are parts that both may run.
bool Coordinator::can_help(const Peer& idle, const Peer& busy) const {
  for (int part = 0; part < static_cast<int>(options_.parts.size()); ++part)
    if (may_run_here(part, rank_of(idle)) && may_run_here(part, rank_of(busy))) return true;
  return false;
}

/// Asks the rank with the most pieces in its queue for half of what it cannot have begun.
void Coordinator::recall_for(const Peer& peer, double now) {
  Peer* fullest = nullptr;
  for (Peer& other : peers_) {
    if (&other == &peer || other.is_lost || other.has_left || other.held <= other.threads) continue;
    if (now - other.recalled_at < recall_interval || !can_help(peer, other)) continue;
    if (fullest == nullptr || other.held > fullest->held) fullest = &other;
  }
  if (fullest == nullptr) return;
  fullest->recalled_at = now;
  ByteWriter writer;
  writer.number(static_cast<std::int32_t>((fullest->held - fullest->threads + 1) / 2));
  post(rank_of(*fullest), make_message(MessageKind::recall, writer));
}

int Coordinator::floor() const { return live_.empty() ? next_ : std::min(next_, live_.begin()->first); }

}  // namespace foldstream::mpi
