#include "mpi_calls.hpp"
#include "mpi_transport.hpp"

namespace foldstream::mpi {
namespace {

Channel make_channel(MPI_Comm comm, int generation) {
  Channel channel{comm};
  check_mpi(MPI_Comm_rank(comm, &channel.rank), "cannot ask for the rank");
  check_mpi(MPI_Comm_size(comm, &channel.size), "cannot ask for the number of ranks");
  channel.frame_tag = generation % distinct_transports * tags_of_a_transport + 1;
  return channel;
}

}  // namespace

MpiTransport::MpiTransport(MPI_Comm comm, int generation)
    : channel_(make_channel(comm, generation)),
      outbound_(channel_, requests_),
      inbound_(channel_, requests_, outbound_) {}

void MpiTransport::send(int peer, Message message) {
  if (peer < 0 || peer >= size())
    throw Error(ErrorKind::Communication, channel_.cannot("send to", peer) + ": there are " +
                                              std::to_string(size()) + " ranks.");
  if (peer == rank()) return inbound_.put(std::move(message));
  outbound_.send(peer, std::move(message));
}

std::optional<Envelope> MpiTransport::receive() {
  if (auto envelope = inbound_.next()) return envelope;
  outbound_.flush();
  requests_.test(channel_);
  inbound_.take_frames();
  outbound_.flush();  // answers do not wait
  return inbound_.next();
}

bool MpiTransport::is_flushed() {
  outbound_.flush();
  requests_.test(channel_);
  if (outbound_.is_empty() && inbound_.is_complete()) return true;
  inbound_.take_frame();  // it may ask for what has not left
  outbound_.flush();
  return outbound_.is_empty() && inbound_.is_complete();
}

void MpiTransport::drop(int peer) {
  acknowledge_failures(channel_.comm);
  outbound_.drop(peer);
  inbound_.drop(peer);
}

}  // namespace foldstream::mpi
