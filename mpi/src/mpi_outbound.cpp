#include "mpi_calls.hpp"
#include "mpi_outbound.hpp"

#include <algorithm>
#include <climits>

namespace foldstream::mpi {
namespace {

/// What MPI libraries send without asking the receiver, on a node too.
constexpr std::size_t full_frame_bytes = 3968;
/// Frames that a peer has not taken; then messages gather in fewer, fuller ones.
constexpr int most_frames_under_way = 16;
/// What a peer may be given that it has not asked for: it saves the way to and fro.
constexpr int most_in_advance = 4;
constexpr std::size_t most_bytes_in_advance = std::size_t{2} << 20;  // of each
constexpr std::size_t most_spare_frames = 64;

}  // namespace

Outbound::Outbound(const Channel& channel, Requests& requests)
    : channel_(channel),
      requests_(requests),
      peers_(static_cast<std::size_t>(channel.size)),
      is_dropped_(static_cast<std::size_t>(channel.size), 0) {}

Outbound::Peer& Outbound::peer(int rank) {
  std::unique_ptr<Peer>& found = peers_[static_cast<std::size_t>(rank)];
  if (!found) found = std::make_unique<Peer>();
  return *found;
}

void Outbound::count(int rank, int more) {
  peer(rank).unsent += more;
  unsent_ += more;
}

/// The frame to write the next record into; a frame grows until it is full.
Frame& Outbound::open_frame(int rank, Peer& to) {
  if (!to.is_waiting) waiting_.push_back(rank);
  to.is_waiting = true;
  if (!to.queue.empty() && to.queue.back().size() < full_frame_bytes) return to.queue.back();
  if (spare_.empty()) {
    to.queue.emplace_back();
    to.queue.back().reserve(full_frame_bytes);
  } else {
    to.queue.push_back(std::move(spare_.back()));
    spare_.pop_back();
  }
  count(rank, 1);
  return to.queue.back();
}

void Outbound::send(int rank, Message message) {
  if (is_dropped(rank)) return;
  Peer& to = peer(rank);
  const std::uint32_t transfer = to.next_transfer;
  const bool is_whole = !has_payload_apart(message) && !has_tensors_apart(message);
  const bool is_given = !is_whole && may_give(to, message);
  write_message(open_frame(rank, to), message, transfer, is_given);
  if (is_whole) return;
  ++to.next_transfer;
  to.announced.emplace(transfer, std::make_shared<Message>(std::move(message)));
  count(rank, 1);
  if (!is_given) return;
  ++to.in_advance;
  flush();  // the announcement first
  give(rank, transfer);
}

bool Outbound::may_give(const Peer& to, const Message& message) const {
  return to.in_advance < most_in_advance &&
         message.payload.size() + tensor_bytes(message) <= most_bytes_in_advance;
}

void Outbound::ask_for(int rank, std::uint32_t transfer) {
  if (is_dropped(rank)) return;
  write_pull(open_frame(rank, peer(rank)), transfer);
}

void Outbound::give(int rank, std::uint32_t transfer) {
  if (is_dropped(rank)) return;
  const auto found = peer(rank).announced.find(transfer);
  if (found == peer(rank).announced.end())
    throw Error(ErrorKind::Communication, channel_.cannot("serve", rank) +
                                              ": it asks for data that it was not offered. Use the "
                                              "same Foldstream on all ranks.");
  const std::shared_ptr<Message> message = std::move(found->second);
  peer(rank).announced.erase(found);
  const auto open = std::make_shared<std::size_t>(0);
  for (const auto& segment : segments_apart(*message)) {
    MPI_Request request = MPI_REQUEST_NULL;
    const int code = MPI_Isend(segment.data(), static_cast<int>(segment.size()), MPI_BYTE, rank,
                               channel_.tag_of(transfer), channel_.comm, &request);
    if (!is_loss(code)) check_mpi(code, channel_.cannot("send to", rank));
    ++*open;
    requests_.add(Requests::Direction::to, rank, request, [this, rank, message, open] {
      if (--*open == 0) count(rank, -1);
    });
  }
}

void Outbound::recycle(Frame frame) {
  if (spare_.size() == most_spare_frames) return;
  frame.clear();
  spare_.push_back(std::move(frame));
}

void Outbound::push(int rank, Peer& to, Frame frame) {
  const int credits = std::min(to.owed, 255);
  if (credits > 0) set_credits(frame, static_cast<std::uint8_t>(credits));
  to.owed -= credits;
  MPI_Request request = MPI_REQUEST_NULL;
  int code = frame.size() > INT_MAX
                 ? MPI_ERR_COUNT
                 : MPI_Isend(frame.data(), static_cast<int>(frame.size()), MPI_BYTE, rank,
                             channel_.frame_tag, channel_.comm, &request);
  int is_complete = 0;
  if (code == MPI_SUCCESS) code = MPI_Test(&request, &is_complete, MPI_STATUS_IGNORE);
  if (code != MPI_SUCCESS && !is_loss(code)) check_mpi(code, channel_.cannot("send to", rank));
  if (is_complete != 0) {
    recycle(std::move(frame));
    return count(rank, -1);
  }
  ++to.frames_under_way;
  const auto kept = std::make_shared<Frame>(std::move(frame));
  requests_.add(Requests::Direction::to, rank, request, [this, rank, kept] {
    --peer(rank).frames_under_way;
    recycle(std::move(*kept));
    count(rank, -1);
  });
}

/// Whether nothing waits for the peer any more.
bool Outbound::flush(int rank, Peer& to) {
  while (!to.queue.empty() && to.frames_under_way < most_frames_under_way) {
    Frame frame = std::move(to.queue.front());
    to.queue.pop_front();
    push(rank, to, std::move(frame));
  }
  to.is_waiting = !to.queue.empty();
  return !to.is_waiting;
}

void Outbound::flush() {
  std::erase_if(waiting_, [this](int rank) { return flush(rank, peer(rank)); });
}

void Outbound::drop(int rank) {
  is_dropped_[static_cast<std::size_t>(rank)] = 1;
  requests_.drop(Requests::Direction::to, rank);
  unsent_ -= peer(rank).unsent;
  peers_[static_cast<std::size_t>(rank)].reset();
  std::erase(waiting_, rank);
}

}  // namespace foldstream::mpi
