#include "loopback_transport.hpp"

namespace foldstream::mpi {

void Mailboxes::put(int to, Envelope envelope) {
  const std::scoped_lock lock(mutex_);
  boxes_.at(static_cast<std::size_t>(to)).push_back(std::move(envelope));
}

std::optional<Envelope> Mailboxes::take(int rank) {
  const std::scoped_lock lock(mutex_);
  auto& box = boxes_.at(static_cast<std::size_t>(rank));
  if (box.empty()) return std::nullopt;
  Envelope envelope = std::move(box.front());
  box.pop_front();
  return envelope;
}

void Mailboxes::announce(int rank, const std::string& text) {
  const std::scoped_lock lock(mutex_);
  announced_.at(static_cast<std::size_t>(rank)) = text;
}

std::vector<std::string> Mailboxes::announced() const {
  const std::scoped_lock lock(mutex_);
  return announced_;
}

void LoopbackTransport::send(int peer, Message message) {
  if (peer < 0 || peer >= size())
    throw Error(ErrorKind::Communication, "rank " + std::to_string(rank_) +
                                              " cannot send to rank " + std::to_string(peer) +
                                              ": there are " + std::to_string(size()) + " ranks.");
  if (!dropped_.contains(peer)) boxes_->put(peer, {rank_, std::move(message)});
}

std::optional<Envelope> LoopbackTransport::receive() {
  auto envelope = boxes_->take(rank_);
  while (envelope && dropped_.contains(envelope->peer)) envelope = boxes_->take(rank_);
  return envelope;
}

}  // namespace foldstream::mpi
