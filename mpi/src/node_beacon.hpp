// NodeBeacon: tells other nodes that this one is alive, and hears whether they are.
#pragma once

#include "heartbeat.hpp"
#include "node_mesh.hpp"
#include "peers.hpp"
#include "udp_socket.hpp"

#include <optional>

namespace foldstream::mpi {

/// Heartbeats go to every address of a node until one came back from it, then to where that came
/// from. A rank whose port is closed though its node answers is lost at once. What heartbeats say
/// of ranks is entered on the page. One thread at a time may use it.
class NodeBeacon {
 public:
  /// All of them outlive it.
  NodeBeacon(const Peers& peers, int rank, SharedPage& page, UdpSocket& socket, MeshTimes times);

  /// Takes what has come.
  void receive(double now);
  /// This rank speaks for the node from now on: it has heard nothing yet, and blames nobody for it.
  void begin(double now);
  /// Sends a heartbeat to whom one is due.
  void beat(double now);
  /// Marks lost ranks, or that this node is cut off, on the page.
  void judge(double now);
  void forgive(double seconds) { mesh_.forgive(seconds); }

  /// Whether a heartbeat has come from every node that one is due from; else the first such node.
  std::optional<int> unheard() const;
  /// Whether all that a heartbeat is due to know that this rank is not alive any more.
  bool is_farewell_heard() const;

 private:
  struct Node {
    std::optional<std::uint32_t> ip;  ///< where its last heartbeat came from
    int speaker = 0;                  ///< the rank that spoke for it last
    bool knows_end = false;           ///< that this rank is not alive any more
  };

  void take(const Datagram& datagram, double now);
  void merge(const Heartbeat& heartbeat);
  void refuse(const UdpEndpoint& endpoint);
  void send_to(int node);
  std::string own_heartbeat() const;
  std::optional<int> receiver_on(int node) const;
  std::vector<int> alive() const;
  Node& at(int node) { return nodes_[static_cast<std::size_t>(node)]; }
  const Node& at(int node) const { return nodes_[static_cast<std::size_t>(node)]; }

  const Peers& peers_;
  const int rank_;
  SharedPage& page_;
  UdpSocket& socket_;
  NodeMesh mesh_;
  std::vector<Node> nodes_;
};

}  // namespace foldstream::mpi
