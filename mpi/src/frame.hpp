// Frame: messages to one rank, packed into the bytes of one message of MPI.
#pragma once

#include "message.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace foldstream::mpi {

/// A payload of up to so many bytes rides in the frame, and so do the tensors of a message that
/// have up to so many bytes together. What is larger travels apart, when the receiver asks for it.
inline constexpr std::size_t most_inline_bytes = 4096;

using Frame = std::vector<std::byte>;

/// What a tensor is, apart from its bytes.
struct TensorHead {
  DType dtype = DType::u8;
  Shape shape;
};
std::size_t bytes_of(const TensorHead& head);

/// One entry of a frame.
struct Record {
  enum class What : std::uint8_t {
    message,  ///< whole, or the announcement of one whose parts travel apart
    pull,     ///< asks for the parts of an announced message
  };
  What what = What::message;
  bool is_given = false;          ///< its parts are on their way, nobody has to ask
  std::uint8_t credits = 0;       ///< so many messages that were given have been taken
  std::uint32_t transfer = 0;     ///< number of an announcement among those from a rank to another
  Message message;                ///< without what travels apart
  std::size_t payload_apart = 0;  ///< bytes of the payload if it travels apart
  std::vector<TensorHead> apart;  ///< the tensors if they travel apart

  bool is_whole() const noexcept { return payload_apart == 0 && apart.empty(); }
};

/// Bytes of all tensors of `message`.
std::size_t tensor_bytes(const Message& message);
bool has_payload_apart(const Message& message);
bool has_tensors_apart(const Message& message);
/// The memory of what travels apart, in pieces of up to 8 MiB: the same on both sides once the
/// receiver has given the message its memory.
std::vector<std::span<std::byte>> segments_apart(Message& message);

void write_message(Frame& frame, const Message& message, std::uint32_t transfer, bool is_given);
void write_pull(Frame& frame, std::uint32_t transfer);
/// Tells the peer that it may give `credits` more messages in advance. `frame` must not be empty.
void set_credits(Frame& frame, std::uint8_t credits);

/// Takes a frame apart, record by record. `frame` must outlive it.
class FrameReader {
 public:
  explicit FrameReader(std::span<const std::byte> frame) : rest_(frame) {}

  bool is_at_end() const noexcept { return rest_.empty(); }
  /// @throws Error{Communication} if the frame is cut short.
  Record next();

 private:
  void read(void* to, std::size_t count);
  std::span<const std::byte> advance(std::size_t count);
  template <class T>
  T number() {
    T value;
    read(&value, sizeof value);
    return value;
  }
  TensorHead tensor_head();

  std::span<const std::byte> rest_;
};

}  // namespace foldstream::mpi
