// What every Transport must do, whatever carries its messages. Each rank calls these.
#pragma once

#include "transport.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <map>
#include <thread>

namespace foldstream::test {

inline mpi::Message numbered(int run, std::size_t payload_bytes) {
  mpi::Message message{mpi::MessageKind::event, run, {}};
  for (std::size_t i = 0; i < payload_bytes; ++i)
    message.payload.push_back(
        static_cast<std::byte>((i * 7 + static_cast<std::size_t>(run)) % 251));
  return message;
}

/// The next message; nothing if none comes within 20 seconds.
inline std::optional<mpi::Envelope> await(mpi::Transport& transport) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < deadline) {
    transport.is_flushed();
    if (auto envelope = transport.receive()) return envelope;
    std::this_thread::yield();
  }
  return std::nullopt;
}

inline void expect_flushed(mpi::Transport& transport) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!transport.is_flushed() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_TRUE(transport.is_flushed());
}

/// Everybody sends `sizes.size()` messages to everybody, itself included; all arrive, whole, once,
/// and in order from each sender.
inline void check_all_to_all(mpi::Transport& transport, const std::vector<std::size_t>& sizes) {
  for (std::size_t i = 0; i < sizes.size(); ++i)
    for (int peer = 0; peer < transport.size(); ++peer)
      transport.send(peer, numbered(static_cast<int>(i), sizes[i]));

  std::vector<std::size_t> next(static_cast<std::size_t>(transport.size()), 0);
  for (std::size_t i = 0; i < sizes.size() * next.size(); ++i) {
    const auto envelope = await(transport);
    ASSERT_TRUE(envelope) << "rank " << transport.rank() << " got " << i << " messages";
    const std::size_t number = next.at(static_cast<std::size_t>(envelope->peer))++;
    EXPECT_EQ(envelope->message.run, static_cast<int>(number));
    EXPECT_EQ(envelope->message.kind, mpi::MessageKind::event);
    EXPECT_EQ(envelope->message.payload, numbered(static_cast<int>(number), sizes[number]).payload);
  }
  expect_flushed(transport);
  EXPECT_FALSE(transport.receive());
}

/// A message with one tensor of `bytes` bytes and one empty one, all told by `run`.
inline mpi::Message with_tensors(int run, std::size_t bytes) {
  mpi::Message message = numbered(run, 11);
  Tensor tensor(DType::u8, {static_cast<std::int64_t>(bytes)});
  const auto values = tensor.mutable_values<std::uint8_t>();
  for (std::size_t i = 0; i < bytes; ++i)
    values[i] = static_cast<std::uint8_t>(i + (i >> 12) + static_cast<std::size_t>(run));
  message.tensors.push_back(std::move(tensor));
  message.tensors.push_back(Tensor(DType::f64, {3, 0, 5}));
  return message;
}

/// Sizes about the limit of what is sent at once, one that needs many pieces, and all at once.
inline std::vector<std::size_t> tensor_sizes() {
  return {0, 1, 4096, 4097, 1 << 20, 20 << 20, 100, 5000, (8 << 20) + 1};
}

/// The number that a message must have: those with tensors keep their order, the others theirs.
class OrderCheck {
 public:
  void expect_next(const mpi::Envelope& envelope) {
    const bool has_tensors = !envelope.message.tensors.empty();
    int& next = next_[{envelope.peer, has_tensors}];
    EXPECT_EQ(envelope.message.run, next++);
  }

 private:
  std::map<std::pair<int, bool>, int> next_;
};

/// Everybody sends messages with tensors of `sizes` to everybody, and ten small ones with each.
inline void check_tensors(mpi::Transport& transport, const std::vector<std::size_t>& sizes) {
  for (std::size_t i = 0; i < sizes.size(); ++i)
    for (int peer = 0; peer < transport.size(); ++peer) {
      transport.send(peer, with_tensors(static_cast<int>(i), sizes[i]));
      for (std::size_t k = 0; k < 10; ++k)
        transport.send(peer, numbered(static_cast<int>(i * 10 + k), k));
    }

  OrderCheck order;
  for (std::size_t i = 0; i < sizes.size() * 11 * static_cast<std::size_t>(transport.size()); ++i) {
    const auto envelope = await(transport);
    ASSERT_TRUE(envelope) << "rank " << transport.rank() << " got " << i << " messages";
    order.expect_next(*envelope);
    if (envelope->message.tensors.empty()) continue;
    const int run = envelope->message.run;
    const auto expected = with_tensors(run, sizes.at(static_cast<std::size_t>(run)));
    EXPECT_EQ(envelope->message.payload, expected.payload);
    EXPECT_TRUE(envelope->message.tensors == expected.tensors) << "message " << run;
  }
  expect_flushed(transport);
  EXPECT_FALSE(transport.receive());
}

/// Rank 1 is dropped by rank 0 while each sends to the other; ranks that are left go on. The end of
/// the test tells rank 1 apart: nothing that it sent is received, and nothing waits for it.
inline void check_drop(mpi::Transport& transport) {
  const int last = transport.size() - 1;
  if (transport.rank() == 1)
    for (int i = 0; i < 3; ++i) transport.send(0, with_tensors(i, 20 << 20));
  if (transport.rank() == 0) {
    for (int i = 0; i < 3; ++i) transport.send(1, with_tensors(i, 20 << 20));
    transport.receive();  // some of it is under way
    transport.drop(1);
    transport.send(1, numbered(7, 3'000'000));
    transport.send(last, with_tensors(9, 1 << 20));
  }
  if (transport.rank() == last && last > 1) {
    const auto envelope = await(transport);
    ASSERT_TRUE(envelope);
    EXPECT_TRUE(envelope->message.tensors == with_tensors(9, 1 << 20).tensors);
  }
  if (transport.rank() != 0) return;
  expect_flushed(transport);
  EXPECT_FALSE(transport.receive());
}

/// Small ones, empty ones, and ones far too large to be sent eagerly.
inline std::vector<std::size_t> mixed_sizes() {
  return {0, 1, 100, 4096, 3'000'000, 5, 100'000, 0, 1'000'000, 17};
}

}  // namespace foldstream::test
