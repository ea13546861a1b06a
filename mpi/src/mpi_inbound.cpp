#include "mpi_calls.hpp"
#include "mpi_inbound.hpp"

namespace foldstream::mpi {
namespace {

constexpr int most_granted = 16;
constexpr std::size_t most_granted_bytes = std::size_t{32} << 20;
constexpr int most_frames_at_once = 32;  // then others have their turn

std::size_t bytes_apart(const Record& record) {
  std::size_t bytes = record.payload_apart;
  for (const TensorHead& head : record.apart) bytes += bytes_of(head);
  return bytes;
}

}  // namespace

Inbound::Inbound(const Channel& channel, Requests& requests, Outbound& outbound)
    : channel_(channel),
      requests_(requests),
      outbound_(outbound),
      peers_(static_cast<std::size_t>(channel.size)),
      is_dropped_(static_cast<std::size_t>(channel.size), 0) {}

Inbound::Peer& Inbound::peer(int rank) {
  std::unique_ptr<Peer>& found = peers_[static_cast<std::size_t>(rank)];
  if (!found) found = std::make_unique<Peer>();
  return *found;
}

/// A look too many costs as much as a message: this ends with what is at hand.
void Inbound::take_frames() {
  for (int i = 0; i < most_frames_at_once && ready_.empty(); ++i)
    if (!take_frame()) return;
}

bool Inbound::take_frame() {
  int is_there = 0;
  MPI_Message handle = MPI_MESSAGE_NULL;
  MPI_Status status;
  int code =
      MPI_Improbe(MPI_ANY_SOURCE, channel_.frame_tag, channel_.comm, &is_there, &handle, &status);
  if (is_loss(code)) return acknowledge_failures(channel_.comm), false;
  if (code != MPI_SUCCESS)
    check_mpi(code, "rank " + std::to_string(channel_.rank) + " cannot look for messages");
  if (is_there == 0) return false;
  const int rank = status.MPI_SOURCE;
  int count = 0;
  MPI_Request request = MPI_REQUEST_NULL;
  code = MPI_Get_count(&status, MPI_BYTE, &count);
  Frame frame = std::move(spare_);
  frame.resize(static_cast<std::size_t>(count));
  if (code == MPI_SUCCESS) code = MPI_Imrecv(frame.data(), count, MPI_BYTE, &handle, &request);
  int is_complete = 0;
  if (code == MPI_SUCCESS) code = MPI_Test(&request, &is_complete, MPI_STATUS_IGNORE);
  if (is_loss(code)) return false;
  if (code != MPI_SUCCESS) check_mpi(code, channel_.cannot("receive from", rank));
  if (is_complete == 0 || !peer(rank).arrivals.empty()) {
    add_arrival(rank, std::move(frame), request);
    return true;
  }
  read_frame(rank, frame);
  spare_ = std::move(frame);
  return true;
}

/// A frame may have more bytes than MPI sends at once; those behind it wait for it.
void Inbound::add_arrival(int rank, Frame frame, MPI_Request request) {
  const bool is_whole = request == MPI_REQUEST_NULL;
  const auto arrival = std::make_shared<Arrival>(Arrival{std::move(frame), is_whole});
  peer(rank).arrivals.push_back(arrival);
  if (is_whole) return;
  requests_.add(Requests::Direction::from, rank, request, [this, rank, arrival] {
    arrival->is_whole = true;
    auto& arrivals = peer(rank).arrivals;
    while (!arrivals.empty() && arrivals.front()->is_whole) {
      const std::shared_ptr<Arrival> first = std::move(arrivals.front());
      arrivals.pop_front();
      read_frame(rank, first->frame);
    }
  });
  if (is_dropped(rank)) drop(rank);
}

void Inbound::read_frame(int rank, const Frame& frame) {
  if (is_dropped(rank)) return;
  FrameReader reader(frame);
  while (!reader.is_at_end()) {
    Record record = reader.next();
    if (record.credits > 0) outbound_.take_credits(rank, record.credits);
    if (record.what == Record::What::pull)
      outbound_.give(rank, record.transfer);
    else
      on_message(rank, std::move(record));
  }
}

void Inbound::on_message(int rank, Record record) {
  Peer& from = peer(rank);
  const bool has_tensors = !record.message.tensors.empty() || !record.apart.empty();
  auto& lane = from.lanes[has_tensors ? 1 : 0];
  if (record.is_whole() && lane.empty()) {
    ready_.push_back({{rank, std::move(record.message)}, 0, false});
    return;
  }
  const std::size_t bytes = bytes_apart(record);
  const auto incoming = std::make_shared<Incoming>(Incoming{std::move(record), bytes, bytes == 0});
  lane.push_back(incoming);
  if (incoming->is_whole) return;
  ++from.incomplete;
  ++incomplete_;
  if (incoming->record.is_given) return receive_parts(rank, incoming);
  from.announced.push_back(incoming);
  ask_for_more(rank);
}

void Inbound::ask_for_more(int rank) {
  Peer& from = peer(rank);
  while (!from.announced.empty()) {
    const std::shared_ptr<Incoming> first = from.announced.front();
    const bool is_full =
        from.granted == most_granted || from.granted_bytes + first->bytes > most_granted_bytes;
    if (from.granted > 0 && is_full) return;
    from.announced.pop_front();
    ++from.granted;
    from.granted_bytes += first->bytes;
    receive_parts(rank, first);
    outbound_.ask_for(rank, first->record.transfer);
  }
}

void Inbound::receive_parts(int rank, const std::shared_ptr<Incoming>& incoming) {
  Record& record = incoming->record;
  if (record.payload_apart != 0) record.message.payload.resize(record.payload_apart);
  for (TensorHead& head : record.apart) {
    auto buffer = pool_.take(bytes_of(head));
    record.message.tensors.emplace_back(head.dtype, std::move(head.shape), std::move(buffer));
  }
  const auto open = std::make_shared<std::size_t>(0);
  for (const auto& segment : segments_apart(record.message)) {
    MPI_Request request = MPI_REQUEST_NULL;
    const int code = MPI_Irecv(segment.data(), static_cast<int>(segment.size()), MPI_BYTE, rank,
                               channel_.tag_of(record.transfer), channel_.comm, &request);
    if (code != MPI_SUCCESS && !is_loss(code))
      check_mpi(code, channel_.cannot("receive from", rank));
    ++*open;
    requests_.add(Requests::Direction::from, rank, request, [this, rank, incoming, open] {
      if (--*open > 0) return;
      incoming->is_whole = true;
      --peer(rank).incomplete;
      --incomplete_;
      release(rank);
    });
  }
}

/// What is whole and waits for nothing may be handed out.
void Inbound::release(int rank) {
  for (auto& lane : peer(rank).lanes) {
    while (!lane.empty() && lane.front()->is_whole) {
      Incoming& first = *lane.front();
      const bool is_given = first.record.is_given;
      ready_.push_back(
          {{rank, std::move(first.record.message)}, is_given ? 0 : first.bytes, is_given});
      lane.pop_front();
    }
  }
}

std::optional<Envelope> Inbound::next() {
  if (ready_.empty()) return std::nullopt;
  Ready first = std::move(ready_.front());
  ready_.pop_front();
  on_handed_out(first.envelope.peer, first);
  return std::move(first.envelope);
}

/// The next one may come.
void Inbound::on_handed_out(int rank, const Ready& ready) {
  if (ready.is_given) outbound_.return_credit(rank);
  if (ready.granted_bytes == 0) return;
  Peer& from = peer(rank);
  --from.granted;
  from.granted_bytes -= ready.granted_bytes;
  ask_for_more(rank);
}

void Inbound::put(Message message) {
  ready_.push_back({{channel_.rank, std::move(message)}, 0, false});
}

void Inbound::drop(int rank) {
  is_dropped_[static_cast<std::size_t>(rank)] = 1;
  requests_.drop(Requests::Direction::from, rank);
  incomplete_ -= peer(rank).incomplete;
  peers_[static_cast<std::size_t>(rank)].reset();
  std::erase_if(ready_, [rank](const Ready& ready) { return ready.envelope.peer == rank; });
}

}  // namespace foldstream::mpi
