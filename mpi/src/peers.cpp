#include "peers.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace foldstream::mpi {

Peers::Peers(std::vector<PeerFacts> facts) : facts_(std::move(facts)) {
  std::map<std::string, int> known;
  for (int rank = 0; rank < ranks(); ++rank) {
    const auto [found, is_new] = known.emplace(this->facts(rank).node, nodes());
    if (is_new) ranks_of_.emplace_back();
    node_of_.push_back(found->second);
    ranks_of_[static_cast<std::size_t>(found->second)].push_back(rank);
  }
}

bool Peers::is_shared(const NodeAddress& address, int node) const {
  for (int other = 0; other < nodes(); ++other) {
    if (other == node) continue;
    const auto& addresses = facts(ranks_of(other).front()).addresses;
    if (std::ranges::any_of(addresses, [&](const auto& its) { return its.ip == address.ip; }))
      return true;
  }
  return false;
}

std::vector<NodeAddress> Peers::addresses_of(int rank) const {
  std::vector<NodeAddress> own;
  for (const NodeAddress& address : facts(rank).addresses)
    if (!is_shared(address, node_of(rank))) own.push_back(address);
  return own.empty() ? facts(rank).addresses : own;
}

}  // namespace foldstream::mpi
