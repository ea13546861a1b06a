// Message: what ranks tell each other about a run, and how it is written as bytes.
#pragma once

#include <foldstream/run.hpp>
#include <foldstream/tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace foldstream::mpi {

/// The payload of each kind is given in the order in which it is written.
enum class MessageKind : std::uint8_t {
  // to the coordinator
  hello,     ///< text: digest of the graph
  request,   ///< i32: how many targets the rank would take
  returned,  ///< i32 count, i32 indices: leased targets it did not begin
  counted,   ///< i32, failure: its source has that many targets, and why it ended if not well
  ended,     ///< target outcome
  event,     ///< event
  ask_cancel,
  failed,    ///< failure: this rank cannot go on
  finished,  ///< nothing runs here any more; the last message of a worker
  alive,
  // from the coordinator
  lease,  ///< Lease
  cancel,
  outcomes,  ///< i32 count, then (i32 rank, target outcome) each
  finish,    ///< failure; the last message of the coordinator
  still_here,
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

/// Targets granted to a rank.
struct Lease {
  bool is_over = false;       ///< there will be no more
  bool wants_events = false;  ///< whether somebody listens at rank 0
  double time = 0;            ///< of the coordinator when it granted, seconds since its run began
  std::int32_t floor = 0;     ///< no target before this one will ever be granted again
  std::vector<std::int32_t> indices;
};

/// Why a run as a whole failed.
struct Failure {
  ErrorKind kind = ErrorKind::Communication;
  std::string message;  ///< empty: it did not
};

void write_failure(ByteWriter& writer, const Failure& failure);
Failure read_failure(ByteReader& reader);
void write_lease(ByteWriter& writer, const Lease& lease);
Lease read_lease(ByteReader& reader);
void write_outcome(ByteWriter& writer, const TargetOutcome& outcome);
TargetOutcome read_outcome(ByteReader& reader);
void write_event(ByteWriter& writer, const Event& event);
Event read_event(ByteReader& reader);

/// A message without payload, or with what was written.
Message make_message(MessageKind kind);
Message make_message(MessageKind kind, ByteWriter& writer);

}  // namespace foldstream::mpi
