#include "node_mesh.hpp"

#include <algorithm>
#include <cstddef>

namespace foldstream::mpi {
namespace {

constexpr int hub_count = 3;

int count(const std::vector<int>& alive, int node) { return alive[static_cast<std::size_t>(node)]; }

}  // namespace

NodeMesh::NodeMesh(int nodes, int own, MeshTimes times)
    : times_(times), own_(own), nodes_(static_cast<std::size_t>(nodes)) {}

void NodeMesh::restart(double now) {
  for (Node& node : nodes_) node.heard = node.expected = now;
}

void NodeMesh::heard(int node, double now) { at(node).heard = at(node).expected = now; }

void NodeMesh::forgive(double seconds) {
  for (Node& node : nodes_) {
    node.heard += seconds;
    node.expected += seconds;
  }
}

void NodeMesh::update(const std::vector<int>& alive, double now) {
  int trusted = 0;  // hubs that are not suspected: a suspected one is kept, and has a substitute
  for (int i = 0; i < size(); ++i) {
    Node& node = at(i);
    // the own node stays one until all whom it sends heartbeats know that its ranks have left
    node.is_hub = trusted < hub_count && (count(alive, i) > 0 || i == own_);
    if (!node.is_hub) continue;
    const bool is_new = i != own_ && !node.is_watched;
    if (is_new || i == own_ || now - node.expected <= times_.suspicion) ++trusted;
  }
  for (int i = 0; i < size(); ++i) {
    Node& node = at(i);
    const bool is_watched = i != own_ && count(alive, i) > 0 && (at(own_).is_hub || node.is_hub);
    if (is_watched && !node.is_watched) node.expected = now;
    node.is_watched = is_watched;
  }
}

std::vector<int> NodeMesh::targets(const std::vector<int>& alive) const {
  std::vector<int> targets;
  for (int i = 0; i < size(); ++i)
    if (i != own_ && count(alive, i) > 0 && (at(own_).is_hub || at(i).is_hub)) targets.push_back(i);
  return targets;
}

std::vector<int> NodeMesh::silent(const std::vector<int>& alive, double now) const {
  std::vector<int> silent;
  for (int i = 0; i < size(); ++i)
    if (count(alive, i) > 0 && at(i).is_watched && now - at(i).expected > times_.death)
      silent.push_back(i);
  return silent;
}

bool NodeMesh::is_minority(const std::vector<int>& alive, double now) const {
  int visible = 0;
  int all = 0;
  bool has_first = false;
  for (int i = 0; i < size(); ++i) {
    const bool is_visible = i == own_ || now - at(i).heard <= times_.suspicion;
    if (all == 0 && count(alive, i) > 0) has_first = is_visible;
    all += count(alive, i);
    if (is_visible) visible += count(alive, i);
  }
  return 2 * visible < all || (2 * visible == all && !has_first);
}

std::vector<int> NodeMesh::lost(const std::vector<int>& alive, double now) const {
  if (!at(own_).is_hub || is_minority(alive, now)) return {};
  return silent(alive, now);
}

bool NodeMesh::is_cut_off(const std::vector<int>& alive, double now) const {
  if (at(own_).is_hub) return !silent(alive, now).empty() && is_minority(alive, now);
  bool has_others = false;
  for (int i = 0; i < size(); ++i) {
    if (i == own_ || count(alive, i) == 0) continue;
    has_others = true;
    if (now - at(i).heard <= times_.death) return false;
  }
  return has_others;
}

}  // namespace foldstream::mpi
