#include "message.hpp"

namespace foldstream::mpi {
namespace {

void write_task_outcome(ByteWriter& writer, const Outcome& outcome) {
  writer.number(static_cast<std::uint8_t>(outcome.state));
  writer.number(static_cast<std::uint8_t>(outcome.kind));
  writer.text(outcome.message).number(outcome.seconds);
  writer.number(static_cast<std::uint8_t>(outcome.key.has_value()));
  if (outcome.key) writer.number(outcome.key->high).number(outcome.key->low);
}

Outcome read_task_outcome(ByteReader& reader) {
  Outcome outcome;
  outcome.state = static_cast<State>(reader.number<std::uint8_t>());
  outcome.kind = static_cast<ErrorKind>(reader.number<std::uint8_t>());
  outcome.message = reader.text();
  outcome.seconds = reader.number<double>();
  if (reader.number<std::uint8_t>() != 0) {
    const auto high = reader.number<std::uint64_t>();
    outcome.key = Key{high, reader.number<std::uint64_t>()};
  }
  return outcome;
}

}  // namespace

ByteWriter& ByteWriter::text(std::string_view text) {
  number(static_cast<std::uint32_t>(text.size()));
  append(text.data(), text.size());
  return *this;
}

ByteWriter& ByteWriter::bytes(const std::vector<std::byte>& more) {
  append(more.data(), more.size());
  return *this;
}

void ByteWriter::append(const void* from, std::size_t count) {
  if (count == 0) return;
  bytes_.resize(bytes_.size() + count);
  std::memcpy(bytes_.data() + bytes_.size() - count, from, count);
}

const std::byte* ByteReader::advance(std::size_t count) {
  if (count > bytes_.size() - at_)
    throw Error(ErrorKind::Communication,
                "a message between ranks is cut short. Use the same Foldstream on all ranks.");
  at_ += count;
  return bytes_.data() + at_ - count;
}

std::string ByteReader::text() {
  const auto size = number<std::uint32_t>();
  const auto* bytes = advance(size);
  return {reinterpret_cast<const char*>(bytes), size};
}

void write_failure(ByteWriter& writer, const Failure& failure) {
  writer.number(static_cast<std::uint8_t>(failure.kind)).text(failure.message);
}

Failure read_failure(ByteReader& reader) {
  const auto kind = static_cast<ErrorKind>(reader.number<std::uint8_t>());
  return {kind, reader.text()};
}

void write_lease(ByteWriter& writer, const Lease& lease) {
  writer.number(static_cast<std::uint8_t>(lease.is_over));
  writer.number(static_cast<std::uint8_t>(lease.wants_events));
  writer.number(lease.time).number(lease.floor);
  writer.number(static_cast<std::int32_t>(lease.indices.size()));
  for (const std::int32_t index : lease.indices) writer.number(index);
}

Lease read_lease(ByteReader& reader) {
  Lease lease;
  lease.is_over = reader.number<std::uint8_t>() != 0;
  lease.wants_events = reader.number<std::uint8_t>() != 0;
  lease.time = reader.number<double>();
  lease.floor = reader.number<std::int32_t>();
  const auto count = reader.number<std::int32_t>();
  for (std::int32_t i = 0; i < count; ++i) lease.indices.push_back(reader.number<std::int32_t>());
  return lease;
}

void write_outcome(ByteWriter& writer, const TargetOutcome& outcome) {
  writer.text(outcome.name).number(static_cast<std::int32_t>(outcome.index));
  writer.number(static_cast<std::int32_t>(outcome.tasks.size()));
  for (const Outcome& task : outcome.tasks) write_task_outcome(writer, task);
}

TargetOutcome read_outcome(ByteReader& reader) {
  TargetOutcome outcome;
  outcome.name = reader.text();
  outcome.index = reader.number<std::int32_t>();
  const auto count = reader.number<std::int32_t>();
  for (std::int32_t i = 0; i < count; ++i) outcome.tasks.push_back(read_task_outcome(reader));
  return outcome;
}

void write_event(ByteWriter& writer, const Event& event) {
  writer.number(static_cast<std::uint8_t>(event.what));
  writer.number(static_cast<std::int32_t>(event.target_index));
  writer.text(event.target).text(event.task).number(event.time);
  writer.number(static_cast<std::int32_t>(event.rank));
  writer.number(static_cast<std::int32_t>(event.threads));
  writer.number(event.fraction).text(event.text);
  write_task_outcome(writer, event.outcome);
}

Event read_event(ByteReader& reader) {
  Event event;
  event.what = static_cast<Event::What>(reader.number<std::uint8_t>());
  event.target_index = reader.number<std::int32_t>();
  event.target = reader.text();
  event.task = reader.text();
  event.time = reader.number<double>();
  event.rank = reader.number<std::int32_t>();
  event.threads = reader.number<std::int32_t>();
  event.fraction = reader.number<double>();
  event.text = reader.text();
  event.outcome = read_task_outcome(reader);
  return event;
}

Message make_message(MessageKind kind) { return {kind, 0, {}}; }

Message make_message(MessageKind kind, ByteWriter& writer) { return {kind, 0, writer.take()}; }

}  // namespace foldstream::mpi
