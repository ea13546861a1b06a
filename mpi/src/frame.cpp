#include "frame.hpp"

#include <algorithm>
#include <cstddef>

namespace foldstream::mpi {
namespace {

constexpr std::size_t most_segment_bytes = std::size_t{8} << 20;

constexpr std::uint8_t payload_apart = 1;
constexpr std::uint8_t tensors_apart = 2;
constexpr std::uint8_t given = 4;

/// Begins each record. If `tensors` is not 0, the heads of the tensors follow: dtype (u8), number
/// of dimensions (u8), dimensions (i64 each); then the payload and the bytes of the tensors, unless
/// they travel apart.
struct Head {
  Record::What what = Record::What::message;
  MessageKind kind = MessageKind::alive;
  std::uint8_t flags = 0;    ///< a sum of what stands above
  std::uint8_t credits = 0;  ///< in the first record of a frame
  std::int32_t run = 0;
  std::uint32_t transfer = 0;
  std::uint32_t tensors = 0;
  std::uint64_t payload_bytes = 0;
};
static_assert(sizeof(Head) == 24, "all ranks share its layout");

void append(Frame& frame, const void* from, std::size_t count) {
  const auto* bytes = static_cast<const std::byte*>(from);
  frame.insert(frame.end(), bytes, bytes + count);
}

void append(Frame& frame, const Head& head) { append(frame, &head, sizeof head); }

void append_tensor_head(Frame& frame, const Tensor& tensor) {
  const auto dtype = static_cast<std::uint8_t>(tensor.dtype());
  const auto dimensions = static_cast<std::uint8_t>(tensor.shape().size());
  append(frame, &dtype, sizeof dtype);
  append(frame, &dimensions, sizeof dimensions);
  append(frame, tensor.shape().data(), tensor.shape().size() * sizeof(std::int64_t));
}

}  // namespace

std::size_t bytes_of(const TensorHead& head) {
  return static_cast<std::size_t>(element_count(head.shape)) * size_of(head.dtype);
}

std::size_t tensor_bytes(const Message& message) {
  std::size_t bytes = 0;
  for (const Tensor& tensor : message.tensors) bytes += tensor.bytes();
  return bytes;
}

bool has_payload_apart(const Message& message) {
  return message.payload.size() > most_inline_bytes;
}

bool has_tensors_apart(const Message& message) {
  return !message.tensors.empty() && tensor_bytes(message) > most_inline_bytes;
}

std::vector<std::span<std::byte>> segments_apart(Message& message) {
  std::vector<std::span<std::byte>> segments;
  const auto add = [&](std::span<std::byte> bytes) {
    while (!bytes.empty()) {
      segments.push_back(bytes.first(std::min(bytes.size(), most_segment_bytes)));
      bytes = bytes.subspan(segments.back().size());
    }
  };
  if (has_payload_apart(message)) add(message.payload);
  if (has_tensors_apart(message))
    for (Tensor& tensor : message.tensors) add(tensor.mutable_raw());
  return segments;
}

void write_message(Frame& frame, const Message& message, std::uint32_t transfer, bool is_given) {
  Head head{.kind = message.kind, .run = message.run, .transfer = transfer};
  if (is_given) head.flags |= given;
  if (has_payload_apart(message)) head.flags |= payload_apart;
  if (has_tensors_apart(message)) head.flags |= tensors_apart;
  head.tensors = static_cast<std::uint32_t>(message.tensors.size());
  head.payload_bytes = message.payload.size();
  append(frame, head);
  for (const Tensor& tensor : message.tensors) append_tensor_head(frame, tensor);
  if ((head.flags & payload_apart) == 0)
    append(frame, message.payload.data(), message.payload.size());
  if ((head.flags & tensors_apart) != 0) return;
  for (const Tensor& tensor : message.tensors) append(frame, tensor.raw().data(), tensor.bytes());
}

void write_pull(Frame& frame, std::uint32_t transfer) {
  append(frame, Head{.what = Record::What::pull, .transfer = transfer});
}

void set_credits(Frame& frame, std::uint8_t credits) {
  frame.at(offsetof(Head, credits)) = std::byte{credits};
}

std::span<const std::byte> FrameReader::advance(std::size_t count) {
  if (count > rest_.size())
    throw Error(ErrorKind::Communication,
                "a message between ranks is cut short. Use the same Foldstream on all ranks.");
  const auto bytes = rest_.first(count);
  rest_ = rest_.subspan(count);
  return bytes;
}

void FrameReader::read(void* to, std::size_t count) {
  const auto bytes = advance(count);
  if (count != 0) std::memcpy(to, bytes.data(), count);
}

TensorHead FrameReader::tensor_head() {
  TensorHead head;
  head.dtype = static_cast<DType>(number<std::uint8_t>());
  head.shape.resize(number<std::uint8_t>());
  read(head.shape.data(), head.shape.size() * sizeof(std::int64_t));
  return head;
}

Record FrameReader::next() {
  const auto head = number<Head>();
  Record record{head.what,
                (head.flags & given) != 0,
                head.credits,
                head.transfer,
                {head.kind, head.run, {}},
                0,
                {}};
  std::vector<TensorHead> heads;
  for (std::uint32_t i = 0; i < head.tensors; ++i) heads.push_back(tensor_head());
  if ((head.flags & payload_apart) != 0) {
    record.payload_apart = head.payload_bytes;
  } else {
    const auto payload = advance(head.payload_bytes);
    record.message.payload.assign(payload.begin(), payload.end());
  }
  if ((head.flags & tensors_apart) != 0) {
    record.apart = std::move(heads);
    return record;
  }
  for (TensorHead& tensor : heads) {
    const std::size_t bytes = bytes_of(tensor);
    auto buffer = std::make_shared_for_overwrite<std::byte[]>(bytes);
    read(buffer.get(), bytes);
    record.message.tensors.emplace_back(tensor.dtype, std::move(tensor.shape), std::move(buffer));
  }
  return record;
}

}  // namespace foldstream::mpi
