#include "node_beacon.hpp"

#include <algorithm>

namespace foldstream::mpi {

NodeBeacon::NodeBeacon(const Peers& peers, int rank, SharedPage& page, UdpSocket& socket,
                       MeshTimes times)
    : peers_(peers),
      rank_(rank),
      page_(page),
      socket_(socket),
      mesh_(peers.nodes(), peers.node_of(rank), times),
      nodes_(static_cast<std::size_t>(peers.nodes())) {
  for (int node = 0; node < peers.nodes(); ++node) at(node).speaker = peers.ranks_of(node).front();
}

void NodeBeacon::receive(double now) {
  for (const UdpEndpoint& endpoint : socket_.take_refused()) refuse(endpoint);
  while (const auto datagram = socket_.receive()) take(*datagram, now);
}

void NodeBeacon::take(const Datagram& datagram, double now) {
  const auto heartbeat = parse_heartbeat(peers_.facts(0).nonce,
                                         static_cast<std::size_t>(peers_.ranks()), datagram.bytes);
  if (!heartbeat) return;
  const int node = peers_.node_of(heartbeat->rank);
  if (node == peers_.node_of(rank_)) return;
  const Standing standing = page_.standing(heartbeat->rank);
  at(node).ip = datagram.from.ip;
  if (heartbeat->standings[static_cast<std::size_t>(rank_)] != Standing::alive)
    at(node).knows_end = true;
  if (standing != Standing::lost) merge(*heartbeat);  // the lost have no say
  if (standing == Standing::alive) {
    at(node).speaker = heartbeat->rank;
    mesh_.heard(node, now);
  }
  if (page_.standing(heartbeat->rank) != Standing::alive)  // it waits to learn that this is known
    socket_.send(datagram.from, own_heartbeat());
}

void NodeBeacon::merge(const Heartbeat& heartbeat) {
  for (int rank = 0; rank < peers_.ranks(); ++rank)
    if (const Standing standing = heartbeat.standings[static_cast<std::size_t>(rank)];
        standing != Standing::alive)
      page_.change(rank, standing);
}

void NodeBeacon::refuse(const UdpEndpoint& endpoint) {
  if (page_.standing(rank_) != Standing::alive) return;  // others need not tell it that they left
  for (int node = 0; node < peers_.nodes(); ++node) {
    if (at(node).ip != endpoint.ip) continue;  // a firewall may refuse where nothing came from
    for (const int rank : peers_.ranks_of(node))
      if (peers_.facts(rank).port == endpoint.port) page_.change(rank, Standing::lost);
  }
}

void NodeBeacon::begin(double now) { mesh_.restart(now); }

void NodeBeacon::beat(double now) {
  const std::vector<int> alive = this->alive();
  mesh_.update(alive, now);
  if (page_.is_cut_off()) return;
  for (const int node : mesh_.targets(alive)) send_to(node);
}

void NodeBeacon::judge(double now) {
  const std::vector<int> alive = this->alive();
  for (const int node : mesh_.lost(alive, now))
    for (const int rank : peers_.ranks_of(node)) page_.change(rank, Standing::lost);
  if (page_.standing(rank_) == Standing::alive && mesh_.is_cut_off(alive, now)) page_.cut_off();
}

std::optional<int> NodeBeacon::receiver_on(int node) const {
  if (page_.standing(at(node).speaker) == Standing::alive) return at(node).speaker;
  for (const int rank : peers_.ranks_of(node))
    if (page_.standing(rank) == Standing::alive) return rank;
  return std::nullopt;
}

void NodeBeacon::send_to(int node) {
  const std::optional<int> rank = receiver_on(node);
  if (!rank) return;
  const std::string bytes = own_heartbeat();
  const std::uint16_t port = peers_.facts(*rank).port;
  if (const auto ip = at(node).ip) {
    socket_.send({*ip, port}, bytes);
    return;
  }
  for (const NodeAddress& address : peers_.addresses_of(*rank))
    socket_.send({address.ip, port}, bytes);
}

std::string NodeBeacon::own_heartbeat() const {
  Heartbeat heartbeat{rank_, {}};
  for (int rank = 0; rank < peers_.ranks(); ++rank)
    heartbeat.standings.push_back(page_.standing(rank));
  return format_heartbeat(peers_.facts(0).nonce, heartbeat);
}

std::vector<int> NodeBeacon::alive() const {
  std::vector<int> alive(nodes_.size(), 0);
  for (int rank = 0; rank < peers_.ranks(); ++rank)
    if (page_.standing(rank) == Standing::alive)
      ++alive[static_cast<std::size_t>(peers_.node_of(rank))];
  return alive;
}

std::optional<int> NodeBeacon::unheard() const {
  for (const int node : mesh_.targets(alive()))
    if (!at(node).ip) return node;
  return std::nullopt;
}

bool NodeBeacon::is_farewell_heard() const {
  return std::ranges::all_of(mesh_.targets(alive()), [&](int node) { return at(node).knows_end; });
}

}  // namespace foldstream::mpi
