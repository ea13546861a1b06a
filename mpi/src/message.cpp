#include "message.hpp"

#include <algorithm>

namespace foldstream::mpi {
namespace {

// Of outcomes there are as many as tasks, and most of them say little: a number holds the state, the
// kind, and whether a message and a key follow.
constexpr std::uint32_t has_message = 1U << 16U;
constexpr std::uint32_t has_key = 1U << 17U;

void write_task_outcome(ByteWriter& writer, const Outcome& outcome) {
  std::uint32_t head = static_cast<std::uint8_t>(outcome.state);
  head |= std::uint32_t{static_cast<std::uint8_t>(outcome.kind)} << 8U;
  if (!outcome.message.empty()) head |= has_message;
  if (outcome.key) head |= has_key;
  writer.number(head).number(outcome.seconds);
  if (!outcome.message.empty()) writer.text(outcome.message);
  if (outcome.key) write_key(writer, *outcome.key);
}

Outcome read_task_outcome(ByteReader& reader) {
  const auto head = reader.number<std::uint32_t>();
  Outcome outcome;
  outcome.state = static_cast<State>(head & 0xffU);
  outcome.kind = static_cast<ErrorKind>(head >> 8U & 0xffU);
  outcome.seconds = reader.number<double>();
  if ((head & has_message) != 0) outcome.message = reader.text();
  if ((head & has_key) != 0) outcome.key = read_key(reader);
  return outcome;
}

/// What may be set aside for a list of so many, which a damaged message may say.
std::size_t likely(std::int32_t count) {
  return static_cast<std::size_t>(std::clamp(count, 0, 1 << 16));
}

template <class Each>
void write_list(ByteWriter& writer, const auto& list, Each&& each) {
  writer.number(static_cast<std::int32_t>(list.size()));
  for (const auto& one : list) each(one);
}

template <class Each>
void read_list(ByteReader& reader, Each&& each) {
  for (auto count = reader.number<std::int32_t>(); count > 0; --count) each();
}

void write_texts(ByteWriter& writer, const std::vector<std::string>& texts) {
  write_list(writer, texts, [&](const std::string& text) { writer.text(text); });
}

std::vector<std::string> read_texts(ByteReader& reader) {
  std::vector<std::string> texts;
  read_list(reader, [&] { texts.push_back(reader.text()); });
  return texts;
}

void write_stream(ByteWriter& writer, const Stream& stream) {
  write_key(writer, stream.id);
  writer.number(static_cast<std::uint8_t>(stream.type.dtype)).text(stream.type.units);
  write_list(writer, stream.type.row, [&](std::int64_t size) { writer.number(size); });
  write_texts(writer, stream.type.axes);
}

Stream read_stream(ByteReader& reader) {
  Stream stream;
  stream.id = read_key(reader);
  stream.type.dtype = static_cast<DType>(reader.number<std::uint8_t>());
  stream.type.units = reader.text();
  read_list(reader, [&] { stream.type.row.push_back(reader.number<std::int64_t>()); });
  stream.type.axes = read_texts(reader);
  return stream;
}

void write_known(ByteWriter& writer, const KnownTask& known) {
  writer.number(known.rank).number(static_cast<std::int32_t>(known.earlier.task));
  write_task_outcome(writer, known.earlier.outcome);
  write_list(writer, known.earlier.streams, [&](const auto& opened) {
    writer.text(opened.first);
    write_stream(writer, opened.second);
  });
}

KnownTask read_known(ByteReader& reader) {
  KnownTask known;
  known.rank = reader.number<std::int32_t>();
  known.earlier.task = reader.number<std::int32_t>();
  known.earlier.outcome = read_task_outcome(reader);
  read_list(reader, [&] {
    std::string port = reader.text();
    known.earlier.streams.emplace_back(std::move(port), read_stream(reader));
  });
  return known;
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
  const auto* bytes = static_cast<const std::byte*>(from);
  bytes_.insert(bytes_.end(), bytes, bytes + count);
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

Failure failure_of(const std::exception_ptr& why, const std::string& foreign) {
  try {
    std::rethrow_exception(why);
  } catch (const Error& error) {
    return {error.kind(), error.what()};
  } catch (const std::exception& error) {
    return {ErrorKind::Task, error.what()};
  } catch (...) {
    return {ErrorKind::Task, foreign};
  }
}

void write_failure(ByteWriter& writer, const Failure& failure) {
  writer.number(static_cast<std::uint8_t>(failure.kind)).text(failure.message);
}

Failure read_failure(ByteReader& reader) {
  const auto kind = static_cast<ErrorKind>(reader.number<std::uint8_t>());
  return {kind, reader.text()};
}

void write_piece(ByteWriter& writer, const Piece& piece) {
  writer.number(piece.target).number(piece.part);
}

Piece read_piece(ByteReader& reader) {
  const auto target = reader.number<std::int32_t>();
  return {target, reader.number<std::int32_t>()};
}

void write_key(ByteWriter& writer, const Key& key) { writer.number(key.high).number(key.low); }

Key read_key(ByteReader& reader) {
  const auto high = reader.number<std::uint64_t>();
  return {high, reader.number<std::uint64_t>()};
}

void write_opened(ByteWriter& writer, const OpenedStream& opened) {
  writer.number(opened.task).text(opened.port);
  write_stream(writer, opened.stream);
  write_key(writer, opened.key);
}

OpenedStream read_opened(ByteReader& reader) {
  OpenedStream opened;
  opened.task = reader.number<std::int32_t>();
  opened.port = reader.text();
  opened.stream = read_stream(reader);
  opened.key = read_key(reader);
  return opened;
}

void write_hello(ByteWriter& writer, const Hello& hello) {
  writer.text(hello.digest).number(hello.threads);
  writer.number(static_cast<std::uint8_t>(hello.is_cancelled)).number(hello.count);
  write_failure(writer, hello.failure);
  write_list(writer, hello.held, [&](const Piece& piece) { write_piece(writer, piece); });
  write_list(writer, hello.opened, [&](const auto& opened) {
    write_piece(writer, opened.first);
    write_opened(writer, opened.second);
  });
  write_list(writer, hello.ended, [&](const EndedPiece& ended) { write_ended(writer, ended); });
}

Hello read_hello(ByteReader& reader) {
  Hello hello;
  hello.digest = reader.text();
  hello.threads = reader.number<std::int32_t>();
  hello.is_cancelled = reader.number<std::uint8_t>() != 0;
  hello.count = reader.number<std::int32_t>();
  hello.failure = read_failure(reader);
  read_list(reader, [&] { hello.held.push_back(read_piece(reader)); });
  read_list(reader, [&] {
    const Piece piece = read_piece(reader);
    hello.opened.emplace_back(piece, read_opened(reader));
  });
  read_list(reader, [&] { hello.ended.push_back(read_ended(reader)); });
  return hello;
}

void write_lease(ByteWriter& writer, const Lease& lease) {
  writer.number(static_cast<std::uint8_t>(lease.is_over));
  writer.number(static_cast<std::uint8_t>(lease.wants_events));
  writer.number(lease.time).number(lease.floor).number(lease.losses);
  write_list(writer, lease.pieces, [&](const LeasedPiece& leased) {
    write_piece(writer, leased.piece);
    write_list(writer, leased.known, [&](const KnownTask& known) { write_known(writer, known); });
  });
}

Lease read_lease(ByteReader& reader) {
  Lease lease;
  lease.is_over = reader.number<std::uint8_t>() != 0;
  lease.wants_events = reader.number<std::uint8_t>() != 0;
  lease.time = reader.number<double>();
  lease.floor = reader.number<std::int32_t>();
  lease.losses = reader.number<std::int32_t>();
  read_list(reader, [&] {
    LeasedPiece& leased = lease.pieces.emplace_back();
    leased.piece = read_piece(reader);
    read_list(reader, [&] { leased.known.push_back(read_known(reader)); });
  });
  return lease;
}

void write_ended(ByteWriter& writer, const EndedPiece& ended) {
  write_piece(writer, ended.piece);
  writer.number(static_cast<std::uint8_t>(ended.is_void)).text(ended.target);
  write_list(writer, ended.tasks, [&](const auto& task) {
    writer.number(task.first);
    write_task_outcome(writer, task.second);
  });
}

EndedPiece read_ended(ByteReader& reader) {
  EndedPiece ended;
  ended.piece = read_piece(reader);
  ended.is_void = reader.number<std::uint8_t>() != 0;
  ended.target = reader.text();
  const auto count = reader.number<std::int32_t>();
  ended.tasks.reserve(likely(count));
  for (std::int32_t i = 0; i < count; ++i) {
    const auto task = reader.number<std::int32_t>();
    ended.tasks.emplace_back(task, read_task_outcome(reader));
  }
  return ended;
}

void write_stored(ByteWriter& writer, std::vector<Tensor>& tensors, const StoredTask& task) {
  writer.text(task.target).text(task.task).number(task.seconds).text(task.fields);
  write_list(writer, task.outputs, [&](const auto& output) {
    writer.text(output.first);
    write_list(writer, output.second, [&](const auto& named) {
      writer.text(named.first).text(named.second.units);
      write_texts(writer, named.second.axes);
      tensors.push_back(named.second.tensor);
    });
  });
}

StoredTask read_stored(ByteReader& reader, std::vector<Tensor> tensors) {
  StoredTask task;
  task.target = reader.text();
  task.task = reader.text();
  task.seconds = reader.number<double>();
  task.fields = reader.text();
  std::size_t next = 0;
  read_list(reader, [&] {
    Record& record = task.outputs[reader.text()];
    read_list(reader, [&] {
      Field& field = record[reader.text()];
      field.units = reader.text();
      field.axes = read_texts(reader);
      if (next == tensors.size())
        throw Error(ErrorKind::Communication, "a value came from a rank without its tensors.");
      field.tensor = std::move(tensors[next++]);
    });
  });
  return task;
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
  outcome.tasks.reserve(likely(count));
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
