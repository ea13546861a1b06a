// Peers: the facts of all ranks, and the nodes they are on.
#pragma once

#include "peer_facts.hpp"

#include <vector>

namespace foldstream::mpi {

/// Nodes are numbered by their first rank, so that rank 0 is on node 0. Never changes.
class Peers {
 public:
  /// By rank; not empty.
  explicit Peers(std::vector<PeerFacts> facts);

  int ranks() const { return static_cast<int>(facts_.size()); }
  int nodes() const { return static_cast<int>(ranks_of_.size()); }
  const PeerFacts& facts(int rank) const { return facts_[static_cast<std::size_t>(rank)]; }
  int node_of(int rank) const { return node_of_[static_cast<std::size_t>(rank)]; }
  /// In order; not empty.
  const std::vector<int>& ranks_of(int node) const {
    return ranks_of_[static_cast<std::size_t>(node)];
  }
  /// Where other nodes may reach the rank's node: without addresses that several nodes have, such
  /// as those of bridges to containers, unless there are no others.
  std::vector<NodeAddress> addresses_of(int rank) const;

 private:
  bool is_shared(const NodeAddress& address, int node) const;

  std::vector<PeerFacts> facts_;
  std::vector<int> node_of_;
  std::vector<std::vector<int>> ranks_of_;
};

}  // namespace foldstream::mpi
