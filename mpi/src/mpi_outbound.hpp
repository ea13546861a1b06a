// Outbound: what a rank sends to others through MPI.
#pragma once

#include "frame.hpp"
#include "mpi_requests.hpp"

#include <deque>
#include <map>
#include <memory>

namespace foldstream::mpi {

/// Packs messages into frames: those that queue up for a peer travel together. Parts that travel
/// apart wait until the peer asks for them, but for a few small ones that are given in advance.
class Outbound {
 public:
  Outbound(const Channel& channel, Requests& requests);

  /// To another rank; leaves with the next `flush`.
  void send(int peer, Message message);
  /// Asks `peer` for the parts of a message that it has announced.
  void ask_for(int peer, std::uint32_t transfer);
  /// Tells `peer`, with the next frame that goes there anyway, that what it gave was taken: no
  /// frame may be under way when ranks end.
  void return_credit(int rank) { ++peer(rank).owed; }
  /// The peer has taken what was given to it in advance.
  void take_credits(int rank, int credits) { peer(rank).in_advance -= credits; }
  /// The peer asks for the parts of a message. @throws Error{Communication} if there is none.
  void give(int peer, std::uint32_t transfer);
  /// Gives MPI as many frames as may be under way. @throws Error{Communication}
  void flush();
  /// Everything has left.
  bool is_empty() const noexcept { return unsent_ == 0; }
  /// Sends nothing to `peer` any more, and gives up what waits for it.
  void drop(int peer);

 private:
  struct Peer {
    std::deque<Frame> queue;  ///< not yet MPI's; the last one still grows
    std::map<std::uint32_t, std::shared_ptr<Message>> announced;
    std::uint32_t next_transfer = 0;
    int in_advance = 0;  ///< messages that were given and not taken, as far as is known
    int owed = 0;        ///< messages that the peer gave, were taken, and it does not know
    int frames_under_way = 0;
    int unsent = 0;           ///< frames and messages with parts apart that have not left
    bool is_waiting = false;  ///< in waiting_
  };

  Peer& peer(int rank);
  Frame& open_frame(int rank, Peer& to);
  bool is_dropped(int rank) const { return is_dropped_[static_cast<std::size_t>(rank)] != 0; }
  bool may_give(const Peer& to, const Message& message) const;
  bool flush(int rank, Peer& to);
  void push(int rank, Peer& to, Frame frame);
  void recycle(Frame frame);
  void count(int rank, int more);

  const Channel& channel_;
  Requests& requests_;
  std::vector<std::unique_ptr<Peer>> peers_;  ///< by rank; null: nothing was sent to it
  std::vector<char> is_dropped_;              ///< by rank
  std::vector<int> waiting_;                  ///< peers with a queue
  std::vector<Frame> spare_;
  int unsent_ = 0;  ///< of all peers
};

}  // namespace foldstream::mpi
