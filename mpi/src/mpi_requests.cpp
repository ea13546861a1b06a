#include "mpi_calls.hpp"
#include "mpi_requests.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <span>

namespace foldstream::mpi {
namespace {

/// Keeps `done`, and the memory that it owns, until the process ends.
void keep_for_ever(std::function<void()> done) {
  static std::mutex mutex;
  static auto* const kept = new std::deque<std::function<void()>>;
  const std::scoped_lock lock(mutex);
  kept->push_back(std::move(done));
}

}  // namespace

int Channel::tag_of(std::uint32_t transfer) const noexcept {
  return frame_tag + 1 + static_cast<int>(transfer % (tags_of_a_transport - 1));
}

std::string Channel::cannot(const char* what, int peer) const {
  return "rank " + std::to_string(rank) + " cannot " + what + " rank " + std::to_string(peer);
}

Requests::~Requests() {
  while (!requests_.empty()) set_aside(requests_.size() - 1);
}

void Requests::add(Direction direction, int peer, MPI_Request request, std::function<void()> done) {
  requests_.push_back(request);
  pending_.push_back({direction, peer, std::move(done)});
}

void Requests::remove(std::size_t index) {
  requests_[index] = requests_.back();
  requests_.pop_back();
  if (index + 1 < pending_.size()) pending_[index] = std::move(pending_.back());
  pending_.pop_back();
}

void Requests::set_aside(std::size_t index) {
  keep_for_ever(std::move(pending_[index].done));
  remove(index);
}

void Requests::test(const Channel& channel) {
  if (requests_.empty()) return;
  indices_.resize(requests_.size());
  statuses_.resize(requests_.size());
  int count = 0;
  const int code = MPI_Testsome(static_cast<int>(requests_.size()), requests_.data(), &count,
                                indices_.data(), statuses_.data());
  if (code != MPI_SUCCESS && code != MPI_ERR_IN_STATUS)
    check_mpi(code, "rank " + std::to_string(channel.rank) + " cannot look after its messages");
  if (count == MPI_UNDEFINED || count == 0) return;
  std::vector<std::function<void()>> completed;
  const auto done = std::span(indices_).first(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < done.size(); ++i) {
    Pending& pending = pending_[static_cast<std::size_t>(done[i])];
    const int own = code == MPI_ERR_IN_STATUS ? statuses_[i].MPI_ERROR : MPI_SUCCESS;
    if (is_loss(own))
      keep_for_ever(std::move(pending.done));
    else if (own != MPI_SUCCESS)
      check_mpi(own, channel.cannot("exchange data with", pending.peer));
    else
      completed.push_back(std::move(pending.done));
  }
  std::ranges::sort(done, std::greater());
  for (const int index : done) remove(static_cast<std::size_t>(index));
  for (const auto& call : completed) call();
}

void Requests::drop(Direction direction, int peer) {
  for (std::size_t i = requests_.size(); i-- > 0;)
    if (pending_[i].peer == peer && pending_[i].direction == direction) set_aside(i);
}

}  // namespace foldstream::mpi
