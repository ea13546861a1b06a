// MpiTransport: carries messages between ranks through MPI, without ever blocking.
#pragma once

#include "transport.hpp"

#include <mpi.h>

#include <deque>
#include <vector>

namespace foldstream::mpi {

/// The communicator must outlive it.
class MpiTransport final : public Transport {
 public:
  explicit MpiTransport(MPI_Comm comm);
  ~MpiTransport() override;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void send(int peer, Message message) override;
  std::optional<Envelope> receive() override;
  bool is_flushed() override;
  void drop(int) override {}

 private:
  /// A frame on its way; MPI reads the bytes until the request is complete.
  struct Sending {
    int peer;
    std::vector<std::byte> frame;
    MPI_Request request;
  };

  std::string between(const char* verb, int peer) const;

  MPI_Comm comm_;
  int rank_ = 0;
  int size_ = 1;
  std::deque<Sending> sending_;  ///< a deque does not move its elements
};

}  // namespace foldstream::mpi
