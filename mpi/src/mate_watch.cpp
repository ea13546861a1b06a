#include "mate_watch.hpp"

#include <algorithm>

namespace foldstream::mpi {
namespace {

/// A rank that stands still for so long lets another speak for the node, seconds.
constexpr double speaker_silence = 1;

}  // namespace

MateWatch::MateWatch(const Peers& peers, int rank, SharedPage& page, MateWatchOptions options,
                     double now)
    : rank_(rank), page_(page), options_(options) {
  for (const int mate : peers.ranks_of(peers.node_of(rank))) {
    if (mate == rank) continue;
    mates_.push_back({mate, page.beats(mate), now});
    processes_.add(mate, peers.facts(mate).pid, peers.facts(mate).start_time);
  }
}

void MateWatch::look(double now) {
  for (const int rank : processes_.take_ended()) page_.change(rank, Standing::lost);
  for (Mate& mate : mates_)
    if (page_.standing(mate.rank) == Standing::alive) look_at(mate, now);
}

void MateWatch::look_at(Mate& mate, double now) {
  if (const std::uint64_t beats = page_.beats(mate.rank); beats != mate.beats) {
    mate.beats = beats;
    mate.moved = now;
  }
  if (now - mate.moved <= options_.silence_seconds) return;
  const bool was_alive = page_.change(mate.rank, Standing::lost);
  if (was_alive && options_.ends_silent) processes_.end(mate.rank);
}

void MateWatch::forgive(double seconds) {
  for (Mate& mate : mates_) mate.moved += seconds;
}

bool MateWatch::is_speaker(double now) const {
  const bool is_alive = page_.standing(rank_) == Standing::alive;
  return std::ranges::none_of(mates_, [&](const Mate& mate) {
    return page_.standing(mate.rank) == Standing::alive && (mate.rank < rank_ || !is_alive) &&
           now - mate.moved <= speaker_silence;
  });
}

}  // namespace foldstream::mpi
