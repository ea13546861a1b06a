// Inbound: what others send to a rank through MPI.
#pragma once

#include "buffer_pool.hpp"
#include "mpi_outbound.hpp"
#include "transport.hpp"

#include <array>

namespace foldstream::mpi {

/// Takes frames apart, asks for what travels apart, and hands messages out in their order. Each
/// peer may have 16 messages or 32 MiB under way that were asked for and not handed out, and always
/// one, besides the few that it gives in advance: whoever reads slowly is sent no more.
class Inbound {
 public:
  Inbound(const Channel& channel, Requests& requests, Outbound& outbound);

  /// Takes what has arrived, until a message is ready, and answers. @throws Error{Communication}
  void take_frames();
  /// Takes one frame if one has arrived. @throws Error{Communication}
  bool take_frame();
  /// The next message that is whole.
  std::optional<Envelope> next();
  /// A message of the own rank.
  void put(Message message);
  /// Nothing that was announced is still to come.
  bool is_complete() const noexcept { return incomplete_ == 0; }
  /// Nothing comes from `peer` any more.
  void drop(int peer);

 private:
  /// A frame that MPI still receives, or that one waits for which came before.
  struct Arrival {
    Frame frame;
    bool is_whole = false;
  };
  /// A message that is not whole, or waits for one which came before.
  struct Incoming {
    Record record;
    std::size_t bytes = 0;  ///< that travel apart
    bool is_whole = false;
  };
  struct Peer {
    std::deque<std::shared_ptr<Arrival>> arrivals;
    /// messages without and with tensors, each in their order
    std::array<std::deque<std::shared_ptr<Incoming>>, 2> lanes;
    std::deque<std::shared_ptr<Incoming>> announced;  ///< not asked for yet
    int granted = 0;
    std::size_t granted_bytes = 0;
    int incomplete = 0;
  };
  struct Ready {
    Envelope envelope;
    std::size_t granted_bytes = 0;  ///< it was asked for
    bool is_given = false;
  };

  Peer& peer(int rank);
  bool is_dropped(int rank) const { return is_dropped_[static_cast<std::size_t>(rank)] != 0; }
  void add_arrival(int rank, Frame frame, MPI_Request request);
  void read_frame(int rank, const Frame& frame);
  void on_message(int rank, Record record);
  void ask_for_more(int rank);
  void on_handed_out(int rank, const Ready& ready);
  void receive_parts(int rank, const std::shared_ptr<Incoming>& incoming);
  void release(int rank);

  const Channel& channel_;
  Requests& requests_;
  Outbound& outbound_;
  BufferPool pool_;
  std::vector<std::unique_ptr<Peer>> peers_;  ///< by rank; null: nothing came from it
  std::vector<char> is_dropped_;              ///< by rank
  std::deque<Ready> ready_;
  Frame spare_;
  int incomplete_ = 0;  ///< announced messages that are not whole
};

}  // namespace foldstream::mpi
