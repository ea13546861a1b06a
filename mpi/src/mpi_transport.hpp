// MpiTransport: carries messages between ranks through MPI, without ever blocking.
#pragma once

#include "mpi_inbound.hpp"

namespace foldstream::mpi {

/// Small messages that queue up for a rank travel together, and leave with the next `receive` or
/// `is_flushed`; both of them move everything on. Tensors of more than 4 KiB are announced; their
/// bytes follow, from their own memory, once the receiver has asked for them.
class MpiTransport final : public Transport {
 public:
  /// The communicator must outlive it. `generation` keeps apart the transports that ranks make one
  /// after the other on one communicator: they must count alike.
  explicit MpiTransport(MPI_Comm comm, int generation = 0);

  int rank() const override { return channel_.rank; }
  int size() const override { return channel_.size; }
  void send(int peer, Message message) override;
  std::optional<Envelope> receive() override;
  bool is_flushed() override;
  void drop(int peer) override;

 private:
  void move_on();

  Channel channel_;
  Requests requests_;
  Outbound outbound_;
  Inbound inbound_;
};

}  // namespace foldstream::mpi
