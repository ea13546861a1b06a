// PeerFacts: what ranks tell each other once, so that each can watch the others without MPI.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace foldstream::mpi {

/// An IPv4 address of this node and the size of its network.
struct NodeAddress {
  std::uint32_t ip = 0;  ///< in the byte order of this machine
  int prefix = 32;       ///< leading bits that name the network

  bool operator==(const NodeAddress&) const = default;
};

struct PeerFacts {
  std::string nonce;  ///< random; that of rank 0 names the job in heartbeats
  std::string node;   ///< the same for ranks that see each other's processes
  std::string host;   ///< the node's name for people
  pid_t pid = 0;
  std::uint64_t start_time = 0;  ///< of the process, in clock ticks since the boot
  int page = -1;                 ///< descriptor, in that process, of the memory it offers to share
  std::uint16_t port = 0;        ///< where it takes heartbeats
  std::vector<NodeAddress> addresses;
};

/// Facts of this process, but for page and port. `network` restricts the addresses: the name of an
/// interface or a network ("10.0.0.0/16"); empty: all that are up, without loopback ones.
/// @throws Error{InvalidArgument} if this node has no address in `network`.
PeerFacts own_facts(const std::string& network);

std::string format_facts(const PeerFacts& facts);
/// @throws Error{Communication} if `text` was not made by `format_facts`.
PeerFacts parse_facts(const std::string& text);

/// When a process was started; 0 if there is none, or it has ended and only its entry is left.
std::uint64_t start_time_of(pid_t pid);

}  // namespace foldstream::mpi
