// Message: what ranks tell each other about a run, and how it is written as bytes.
#pragma once

#include <foldstream/executor.hpp>
#include <foldstream/tensor.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace foldstream::mpi {

/// The payload of each kind is given in the order in which it is written.
enum class MessageKind : std::uint8_t {
  // to the coordinator
  hello,     ///< Hello
  request,   ///< i32: how many pieces the rank would take
  returned,  ///< i32 count, pieces: leased ones it did not begin
  counted,   ///< i32, failure: its source has that many targets, and why it ended if not well
  ended,     ///< EndedPiece
  opened,    ///< piece, OpenedStream
  event,     ///< event
  ask_cancel,
  failed,    ///< failure: this rank cannot go on
  finished,  ///< nothing runs here any more; the last message of a worker
  alive,
  // from the coordinator
  lease,    ///< Lease
  recall,   ///< i32: give back so many that are not begun
  release,  ///< i32 count, i32 targets: no value of theirs will be asked for again
  cancel,
  outcomes,  ///< i32 count, then (i32 count, i32 rank of each part, target outcome) each
  finish,    ///< failure; the last message of the coordinator
  still_here,
  // between any two
  fetch,        ///< key: asks for the outputs of a task
  value,        ///< key, u8 whether it is here, stored task; its tensors
  subscribe,    ///< u64 number of the subscription, key of the stream, u64 credit in bytes
  more_credit,  ///< u64 subscription, u64 bytes
  chunk,        ///< u64 subscription; a tensor
  stream_end,   ///< u64 subscription, failure
  unsubscribe,  ///< u64 subscription
};

/// A message of run number `run`.
struct Message {
  MessageKind kind = MessageKind::alive;
  std::int32_t run = 0;
  std::vector<std::byte> payload;
  /// Travel with the message, from their own memory into memory of their own, uncopied otherwise.
  /// Nobody may change them any more.
  std::vector<Tensor> tensors = {};
};

/// A message and the rank it goes to or came from.
struct Envelope {
  int peer = 0;
  Message message;
};

/// Appends numbers and text to bytes, in the byte order of the machine: all ranks share it.
class ByteWriter {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> ByteWriter& number(T value) {
    append(&value, sizeof value);
    return *this;
  }
  ByteWriter& text(std::string_view text);
  ByteWriter& bytes(const std::vector<std::byte>& more);
  std::size_t size() const noexcept { return bytes_.size(); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  void append(const void* from, std::size_t count);

  std::vector<std::byte> bytes_;
};

/// Reads what a ByteWriter wrote. @throws Error{Communication} past the end.
class ByteReader {
 public:
  explicit ByteReader(const std::vector<std::byte>& bytes) : bytes_(bytes) {}

  template <class T>
  requires std::is_arithmetic_v<T> T number() {
    T value;
    std::memcpy(&value, advance(sizeof value), sizeof value);
    return value;
  }
  std::string text();

 private:
  const std::byte* advance(std::size_t count);

  const std::vector<std::byte>& bytes_;
  std::size_t at_ = 0;
};

/// What is granted to a rank: one part of one target; see parts.hpp.
struct Piece {
  std::int32_t target = 0;
  std::int32_t part = 0;

  friend auto operator<=>(const Piece&, const Piece&) = default;
};

/// A stream that a task has begun.
struct OpenedStream {
  std::int32_t task = 0;
  std::string port;
  Stream stream;
  Key key;  ///< that the task will have
};

/// How a task ended that a leased piece depends on, and where.
struct KnownTask {
  std::int32_t rank = 0;
  Earlier earlier;
};

struct LeasedPiece {
  Piece piece;
  std::vector<KnownTask> known;
};

/// Pieces granted to a rank.
struct Lease {
  bool is_over = false;       ///< there will be no more
  bool wants_events = false;  ///< whether somebody listens at the coordinator's rank
  double time = 0;            ///< of the coordinator when it granted, seconds since its run began
  std::int32_t floor = 0;     ///< no target before this one will ever be granted again
  std::int32_t losses = 0;    ///< how many ranks were lost: what these stored is to be found again
  std::vector<LeasedPiece> pieces;
};

/// A piece that has ended: the outcomes of its tasks.
struct EndedPiece {
  Piece piece;
  /// A rank that it was fed by is lost: what it came to does not count if it did not end well.
  bool is_void = false;
  std::string target;
  std::vector<std::pair<std::int32_t, Outcome>> tasks;
};

/// Why a run as a whole failed.
struct Failure {
  ErrorKind kind = ErrorKind::Communication;
  std::string message = {};  ///< empty: it did not
};

/// What an exception says. @param foreign  the words for one that is no std::exception
Failure failure_of(const std::exception_ptr& why, const std::string& foreign);

/// How a rank introduces itself to a coordinator, with all that one which takes over must know.
struct Hello {
  std::string digest = {};  ///< of the graph
  std::int32_t threads = 1;
  bool is_cancelled = false;
  std::int32_t count = -1;  ///< of targets, if its source has ended
  Failure failure = {};          ///< why its source ended if not well, or the rank cannot go on
  std::vector<Piece> held = {};
  std::vector<std::pair<Piece, OpenedStream>> opened = {};  ///< of those held
  std::vector<EndedPiece> ended = {};
};

void write_failure(ByteWriter& writer, const Failure& failure);
Failure read_failure(ByteReader& reader);
void write_piece(ByteWriter& writer, const Piece& piece);
Piece read_piece(ByteReader& reader);
void write_key(ByteWriter& writer, const Key& key);
Key read_key(ByteReader& reader);
void write_opened(ByteWriter& writer, const OpenedStream& opened);
OpenedStream read_opened(ByteReader& reader);
void write_hello(ByteWriter& writer, const Hello& hello);
Hello read_hello(ByteReader& reader);
void write_lease(ByteWriter& writer, const Lease& lease);
Lease read_lease(ByteReader& reader);
void write_ended(ByteWriter& writer, const EndedPiece& ended);
EndedPiece read_ended(ByteReader& reader);
void write_outcome(ByteWriter& writer, const TargetOutcome& outcome);
TargetOutcome read_outcome(ByteReader& reader);
void write_event(ByteWriter& writer, const Event& event);
Event read_event(ByteReader& reader);

/// The outputs of a task; its tensors go beside.
void write_stored(ByteWriter& writer, std::vector<Tensor>& tensors, const StoredTask& task);
StoredTask read_stored(ByteReader& reader, std::vector<Tensor> tensors);

/// A message without payload, or with what was written.
Message make_message(MessageKind kind);
Message make_message(MessageKind kind, ByteWriter& writer);

}  // namespace foldstream::mpi
