// RankPair: what messages between two ranks cost, by raw MPI and by our transport.
#pragma once

#include <foldstream/mpi/communicator.hpp>

#include <cstddef>
#include <memory>

namespace foldstream::bench {

/// One way of sending from rank 0 to rank 1 and back. Both ranks call the same functions; what
/// they return is of use on rank 0.
class RankPair {
 public:
  virtual ~RankPair() = default;

  /// Seconds one way of `bytes` bytes that go to and fro `rounds` times. From 4 KiB on, ours are
  /// tensors.
  virtual double latency(std::size_t bytes, int rounds) = 0;
  /// Messages a second of `bytes` bytes, `count` of them from rank 0 to rank 1.
  virtual double rate(std::size_t bytes, int count) = 0;
  /// Bytes a second of `count` tensors of `bytes` bytes, eight at a time under way.
  virtual double bandwidth(std::size_t bytes, int count) = 0;
};

/// MPI_Send and MPI_Recv, MPI_Isend and MPI_Irecv. Collective.
std::unique_ptr<RankPair> raw_mpi();
/// Collective; `communicator` must outlive it.
std::unique_ptr<RankPair> our_transport(const mpi::Communicator& communicator);

}  // namespace foldstream::bench
