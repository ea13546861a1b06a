// MateWatch: watches the other ranks of this node, by the process table and their heartbeats.
#pragma once

#include "peers.hpp"
#include "process_watch.hpp"
#include "shared_page.hpp"

namespace foldstream::mpi {

struct MateWatchOptions {
  double silence_seconds = 120;  ///< a rank whose heartbeat stands still so long is lost
  bool ends_silent = true;       ///< kills it then, so that it cannot come back
};

/// A rank whose process ended before it left is lost at once; one that stands still (stopped, or
/// swapped out) is lost when it did so for too long. One thread at a time may use it.
class MateWatch {
 public:
  MateWatch(const Peers& peers, int rank, SharedPage& page, MateWatchOptions options, double now);

  /// Wakes a poll when a process ends.
  void append_to(std::vector<pollfd>& waited) const { processes_.append_to(waited); }
  /// Marks what was lost on the page.
  void look(double now);
  /// This process itself stood still for so long: see NodeMesh::forgive.
  void forgive(double seconds);
  /// Whether this rank is to speak for the node: the first one that is alive and not silent.
  bool is_speaker(double now) const;

 private:
  struct Mate {
    int rank;
    std::uint64_t beats;
    double moved;  ///< when its heartbeat did
  };

  void look_at(Mate& mate, double now);

  const int rank_;
  SharedPage& page_;
  const MateWatchOptions options_;
  ProcessWatch processes_;
  std::vector<Mate> mates_;
};

}  // namespace foldstream::mpi
