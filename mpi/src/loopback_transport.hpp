// LoopbackTransport: carries messages between pretend ranks of one process through queues.
#pragma once

#include "transport.hpp"

#include <deque>
#include <mutex>
#include <set>
#include <vector>

namespace foldstream::mpi {

/// The mailboxes of all pretend ranks, and what they announced. Thread-safe.
class Mailboxes {
 public:
  explicit Mailboxes(int ranks)
      : boxes_(static_cast<std::size_t>(ranks)), announced_(static_cast<std::size_t>(ranks)) {}

  int size() const noexcept { return static_cast<int>(boxes_.size()); }
  void put(int to, Envelope envelope);
  std::optional<Envelope> take(int rank);
  void announce(int rank, const std::string& text);
  std::vector<std::string> announced() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::deque<Envelope>> boxes_;
  std::vector<std::string> announced_;
};

class LoopbackTransport final : public Transport {
 public:
  LoopbackTransport(std::shared_ptr<Mailboxes> boxes, int rank)
      : boxes_(std::move(boxes)), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return boxes_->size(); }
  void send(int peer, Message message) override;
  std::optional<Envelope> receive() override;
  bool is_flushed() override { return true; }
  void drop(int peer) override { dropped_.insert(peer); }

 private:
  std::shared_ptr<Mailboxes> boxes_;
  int rank_;
  std::set<int> dropped_;
};

}  // namespace foldstream::mpi
