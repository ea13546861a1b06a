// What every Transport must do, whatever carries its messages. Each rank calls these.
#pragma once

#include "transport.hpp"

#include <gmock/gmock.h>

#include <chrono>
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

/// Small ones, empty ones, and ones far too large to be sent eagerly.
inline std::vector<std::size_t> mixed_sizes() {
  return {0, 1, 100, 4096, 3'000'000, 5, 100'000, 0, 1'000'000, 17};
}

}  // namespace foldstream::test
