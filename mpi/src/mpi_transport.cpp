#include "mpi_calls.hpp"
#include "mpi_transport.hpp"

#include <climits>
#include <cstring>

namespace foldstream::mpi {
namespace {

constexpr int tag = 1;
/// A frame is the kind and the run number, four bytes each, then the payload; MPI knows the sender
/// and the length.
constexpr std::size_t header_bytes = 2 * sizeof(std::int32_t);

std::vector<std::byte> make_frame(const Message& message) {
  std::vector<std::byte> frame(header_bytes + message.payload.size());
  const std::int32_t header[] = {static_cast<std::int32_t>(message.kind), message.run};
  std::memcpy(frame.data(), header, header_bytes);
  if (!message.payload.empty())
    std::memcpy(frame.data() + header_bytes, message.payload.data(), message.payload.size());
  return frame;
}

Message read_frame(std::vector<std::byte> frame) {
  std::int32_t header[2];
  std::memcpy(header, frame.data(), header_bytes);
  frame.erase(frame.begin(), frame.begin() + header_bytes);
  return {static_cast<MessageKind>(header[0]), header[1], std::move(frame)};
}

}  // namespace

MpiTransport::MpiTransport(MPI_Comm comm) : comm_(comm) {
  check_mpi(MPI_Comm_rank(comm_, &rank_), "cannot ask for the rank");
  check_mpi(MPI_Comm_size(comm_, &size_), "cannot ask for the number of ranks");
}

MpiTransport::~MpiTransport() {
  // what a broken peer never took is still MPI's to read: such frames stay until the process ends
  if (!sending_.empty()) static_cast<void>(new std::deque<Sending>(std::move(sending_)));
}

std::string MpiTransport::between(const char* verb, int peer) const {
  return "rank " + std::to_string(rank_) + " cannot " + verb + " rank " + std::to_string(peer);
}

void MpiTransport::send(int peer, Message message) {
  std::vector<std::byte> frame = make_frame(message);
  if (frame.size() > INT_MAX)
    throw Error(ErrorKind::Communication, between("send to", peer) + ": a message of " +
                                              std::to_string(frame.size()) +
                                              " bytes is more than MPI counts.");
  Sending& sending = sending_.emplace_back(Sending{peer, std::move(frame), MPI_REQUEST_NULL});
  const int code = MPI_Isend(sending.frame.data(), static_cast<int>(sending.frame.size()), MPI_BYTE,
                             peer, tag, comm_, &sending.request);
  if (code != MPI_SUCCESS) sending_.pop_back();
  check_mpi(code, between("send to", peer));
}

std::optional<Envelope> MpiTransport::receive() {
  int is_there = 0;
  MPI_Message handle = MPI_MESSAGE_NULL;
  MPI_Status status;
  check_mpi(MPI_Improbe(MPI_ANY_SOURCE, tag, comm_, &is_there, &handle, &status),
            "rank " + std::to_string(rank_) + " cannot look for messages");
  if (is_there == 0) return std::nullopt;
  const int peer = status.MPI_SOURCE;
  int count = 0;
  check_mpi(MPI_Get_count(&status, MPI_BYTE, &count), between("size a message from", peer));
  std::vector<std::byte> frame(static_cast<std::size_t>(count));
  check_mpi(MPI_Mrecv(frame.data(), count, MPI_BYTE, &handle, MPI_STATUS_IGNORE),
            between("receive from", peer));
  if (frame.size() < header_bytes)
    throw Error(ErrorKind::Communication,
                between("read a message of", peer) + ": it is cut short.");
  return Envelope{peer, read_frame(std::move(frame))};
}

bool MpiTransport::is_flushed() {
  while (!sending_.empty()) {
    int is_complete = 0;
    check_mpi(MPI_Test(&sending_.front().request, &is_complete, MPI_STATUS_IGNORE),
              between("send to", sending_.front().peer));
    if (is_complete == 0) return false;
    sending_.pop_front();
  }
  return true;
}

}  // namespace foldstream::mpi
