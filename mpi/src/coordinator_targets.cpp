// Coordinator, the targets in work: which of their pieces may be granted.
#include "coordinator.hpp"

#include <algorithm>
#include <utility>

namespace foldstream::mpi {

/// A target whose pieces are all still to be done.
Coordinator::LiveTarget& Coordinator::admit(int index) {
  LiveTarget& target = live_[index];
  target.pieces.resize(options_.parts.size());
  make_ready(index, target);
  return target;
}

/// Null for one of no target in work.
Coordinator::PieceState* Coordinator::find(const Piece& piece) {
  const auto target = live_.find(piece.target);
  const auto part = static_cast<std::size_t>(piece.part);
  if (target == live_.end() || part >= target->second.pieces.size()) return nullptr;
  return &target->second.pieces[part];
}

bool Coordinator::is_fed(const LiveTarget& target, const PartNeed& need) const {
  const PieceState& feeds = target.pieces[static_cast<std::size_t>(need.part)];
  if (feeds.is == PieceState::Is::ended) return true;
  if (feeds.is != PieceState::Is::granted || need.streams.empty()) return false;
  return std::ranges::all_of(need.streams, [&](const auto& wanted) {
    return std::ranges::any_of(feeds.opened, [&](const OpenedStream& opened) {
      return opened.task == wanted.first && opened.port == wanted.second;
    });
  });
}

void Coordinator::make_ready(int index, LiveTarget& target) {
  for (std::size_t part = 0; part < target.pieces.size(); ++part) {
    PieceState& piece = target.pieces[part];
    if (piece.is != PieceState::Is::blocked) continue;
    const auto fed = [&](const PartNeed& need) { return is_fed(target, need); };
    if (!std::ranges::all_of(options_.parts[part].needs, fed)) continue;
    piece.is = PieceState::Is::ready;
    ready_[part].insert(index);
  }
}

/// A piece that was granted and is not done: others may have it.
void Coordinator::take_back(const Piece& piece) {
  LiveTarget& target = live_.at(piece.target);
  PieceState& state = target.pieces[static_cast<std::size_t>(piece.part)];
  --peers_[static_cast<std::size_t>(state.rank)].held;
  void_readers(piece);
  state = {};
  make_ready(piece.target, target);
}

/// Those that read the streams of a piece which begins anew: what they come to does not count, and
/// what has not begun must wait.
void Coordinator::void_readers(const Piece& piece) {
  LiveTarget& target = live_.at(piece.target);
  for (std::size_t part = 0; part < target.pieces.size(); ++part) {
    PieceState& reader = target.pieces[part];
    const auto reads = [&](const PartNeed& need) {
      return need.part == piece.part && !need.streams.empty();
    };
    if (std::ranges::none_of(options_.parts[part].needs, reads)) continue;
    if (reader.is == PieceState::Is::granted) reader.is_void = true;
    if (reader.is != PieceState::Is::ready) continue;
    reader.is = PieceState::Is::blocked;
    ready_[part].erase(piece.target);
  }
}

/// What its pieces came to; those that never ended were cancelled.
void Coordinator::end_target(int index) {
  auto node = live_.extract(index);
  LiveTarget& target = node.mapped();
  const auto has_ended = [](const PieceState& piece) { return piece.is == PieceState::Is::ended; };
  for (std::size_t part = 0; part < target.pieces.size(); ++part) ready_[part].erase(index);
  if (std::ranges::none_of(target.pieces, has_ended)) return;
  EndedTarget ended;
  ended.outcome = {target.name, index, {}};
  std::vector<Outcome>& outcomes = ended.outcome.tasks;
  outcomes.resize(part_of_.size());
  std::set<int> ranks;
  for (PieceState& piece : target.pieces) {
    ended.ranks.push_back(piece.rank);
    if (piece.rank >= 0) ranks.insert(piece.rank);
    for (auto& [task, outcome] : piece.tasks) {
      const auto position = static_cast<std::size_t>(task);
      if (outcomes.size() <= position) outcomes.resize(position + 1);
      outcomes[position] = std::move(outcome);
    }
  }
  for (Outcome& outcome : outcomes)
    if (outcome.state == State::waiting)
      outcome = {State::cancelled, ErrorKind::Cancelled, "the run was cancelled."};
  skip_readers(outcomes);
  ended_[index] = std::move(ended);
  if (options_.parts.size() == 1) return;
  just_ended_.push_back(index);
  ByteWriter writer;
  writer.number(std::int32_t{1}).number(static_cast<std::int32_t>(index));
  const Message release = make_message(MessageKind::release, writer);
  for (const int rank : ranks) post(rank, release);
}

/// A task that failed since a stream that it read ended in failure was skipped.
void Coordinator::skip_readers(std::vector<Outcome>& tasks) const {
  for (const StreamEdge& edge : options_.stream_edges) {
    const Outcome& from = tasks.at(static_cast<std::size_t>(edge.from));
    Outcome& to = tasks.at(static_cast<std::size_t>(edge.to));
    if (from.state != State::failed || to.state != State::failed) continue;
    to.state = State::skipped;
    to.kind = from.kind;
    to.message = "'" + edge.producer + "' failed: " + from.message;
  }
}

/// There are only `count` targets.
void Coordinator::drop_behind(int count) {
  while (!live_.empty() && live_.rbegin()->first >= count) {
    const int index = live_.rbegin()->first;
    for (const PieceState& piece : live_.rbegin()->second.pieces) {
      if (piece.is != PieceState::Is::granted) continue;
      --peers_[static_cast<std::size_t>(piece.rank)].held;
    }
    for (auto& ready : ready_) ready.erase(index);
    live_.erase(index);
  }
}

/// What a rank did and does, told to a coordinator that has just taken over.
void Coordinator::absorb(int rank, const Hello& hello) {
  const auto take = [&](const Piece& piece) -> PieceState* {
    next_ = std::max(next_, piece.target + 1);
    LiveTarget& target = live_[piece.target];
    target.pieces.resize(options_.parts.size());
    PieceState* state = find(piece);
    if (state == nullptr || state->is == PieceState::Is::ended) return nullptr;
    state->rank = rank;
    return state;
  };
  for (const Piece& piece : hello.held)
    if (PieceState* state = take(piece)) {
      state->is = PieceState::Is::granted;
      ++peers_[static_cast<std::size_t>(rank)].held;
    }
  for (const auto& [piece, opened] : hello.opened)
    if (PieceState* state = take(piece)) state->opened.push_back(opened);
  for (const EndedPiece& ended : hello.ended)
    if (PieceState* state = take(ended.piece)) {
      state->is = PieceState::Is::ended;
      state->tasks = ended.tasks;
      live_[ended.piece.target].name = ended.target;
    }
}

/// Once all ranks that are left have greeted a coordinator that takes over: what only lost ranks
/// knew is to be done again, which is quick where it was stored.
void Coordinator::resume() {
  const auto is_awaited = [](const Peer& peer) { return !peer.is_lost && !peer.has_greeted; };
  if (!is_taking_over_ || std::ranges::any_of(peers_, is_awaited)) return;
  is_taking_over_ = false;
  for (int index = 0; index < next_; ++index) {
    LiveTarget& target = admit(index);
    for (const auto& piece : target.pieces)
      if (piece.is == PieceState::Is::granted)  // does what feeds it still run?
        for (const PartNeed& need : options_.parts[static_cast<std::size_t>(&piece - target.pieces.data())].needs)
          if (!is_fed(target, need))
            void_readers({index, static_cast<std::int32_t>(need.part)});
    const auto has_ended = [](const PieceState& piece) { return piece.is == PieceState::Is::ended; };
    if (std::ranges::all_of(target.pieces, has_ended)) end_target(index);
  }
  if (total_) drop_behind(*total_);
}

}  // namespace foldstream::mpi
