// NodeMesh: which nodes tell each other that they are alive, and which of them are lost.
#pragma once

#include <vector>

namespace foldstream::mpi {

/// Seconds.
struct MeshTimes {
  double suspicion = 2;  ///< a node that is silent for so long no longer counts as a hub
  double death = 4;      ///< a node that is silent for so long is lost
};

/// Three nodes are hubs: the first in order that have ranks alive. Every node sends heartbeats to
/// the hubs, and hubs to all, so that there are few of them however many nodes there are. Hubs
/// judge; what they find goes round with the heartbeats.
///
/// Where the network breaks in two, one side only may go on: that with most of the ranks, or with
/// the first one if both have as many. The other is cut off, and those of it who know fall silent,
/// so that the rest of it finds out too.
///
/// Knows no sockets and no clock: times are given, in seconds, and never go back.
class NodeMesh {
 public:
  /// `alive` has the number of ranks alive on each node, by node, here and below.
  NodeMesh(int nodes, int own, MeshTimes times = {});

  /// All nodes were heard now.
  void restart(double now);
  /// A heartbeat came from `node`.
  void heard(int node, double now);
  /// This process itself stood still for so long: that others were silent then means nothing.
  void forgive(double seconds);

  /// To be called at each beat, before the questions below.
  void update(const std::vector<int>& alive, double now);
  /// Nodes to send a heartbeat to.
  std::vector<int> targets(const std::vector<int>& alive) const;
  /// Nodes with ranks alive that were silent for too long; none if this node is cut off.
  std::vector<int> lost(const std::vector<int>& alive, double now) const;
  bool is_cut_off(const std::vector<int>& alive, double now) const;

 private:
  struct Node {
    double heard = 0;     ///< when the last heartbeat came
    double expected = 0;  ///< when the last came, or was first to be expected
    bool is_hub = false;
    bool is_watched = false;
  };

  std::vector<int> silent(const std::vector<int>& alive, double now) const;
  bool is_minority(const std::vector<int>& alive, double now) const;
  const Node& at(int node) const { return nodes_[static_cast<std::size_t>(node)]; }
  Node& at(int node) { return nodes_[static_cast<std::size_t>(node)]; }
  int size() const { return static_cast<int>(nodes_.size()); }

  const MeshTimes times_;
  const int own_;
  std::vector<Node> nodes_;
};

}  // namespace foldstream::mpi
