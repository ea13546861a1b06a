#include "stream.hpp"

#include <foldstream/stream_hub.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace foldstream::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

Stream stream_of(int number) {
  return {stream_id(key_of("bench " + std::to_string(number)), "out"),
          {DType::u8, {static_cast<std::int64_t>(mebibyte)}, "1", {}}};
}

Tensor chunk() { return Tensor(DType::u8, {1, static_cast<std::int64_t>(mebibyte)}); }

/// Seconds from append to next, of chunks that go to and fro between two threads.
double latency(int rounds) {
  StreamHub hub;
  const Stream there = stream_of(0), back = stream_of(1);
  const auto to = hub.open(there, {"", "ping", "out"}, {});
  const auto fro = hub.open(back, {"", "pong", "out"}, {});
  const auto from = hub.read(back, {"", "ping", "in"}, {});
  const auto inward = hub.read(there, {"", "pong", "in"}, {});
  std::thread other([&] {
    while (auto received = inward->next()) fro->append(*std::move(received));
  });
  const Tensor one = chunk();
  const auto began = Clock::now();
  for (int i = 0; i < rounds; ++i) {
    to->append(one);
    from->next();
  }
  const double seconds = seconds_since(began) / rounds / 2;
  hub.finish(there.id);
  other.join();
  return seconds;
}

/// Chunks a second from one thread to another.
double rate(int chunks) {
  StreamHub hub;
  const Stream stream = stream_of(2);
  const auto writer = hub.open(stream, {"", "make", "out"}, {});
  const auto reader = hub.read(stream, {"", "use", "in"}, {});
  const Tensor one = chunk();
  const auto began = Clock::now();
  std::thread other([&] {
    while (reader->next()) continue;
  });
  for (int i = 0; i < chunks; ++i) writer->append(one);
  hub.finish(stream.id);
  other.join();
  return chunks / seconds_since(began);
}

template <class Run>
double best(int trials, bool at_most, Run run) {
  std::vector<double> values;
  for (int i = 0; i < trials; ++i) values.push_back(run());
  return at_most ? std::ranges::min(values) : std::ranges::max(values);
}

}  // namespace

std::vector<Bar> hub_bars(bool quick) {
  const int trials = quick ? 1 : 7;
  const int chunks = quick ? 1'000 : 20'000;
  const double seconds = best(trials, true, [&] { return latency(chunks); });
  const double per_second = best(trials, false, [&] { return rate(chunks); });
  return {{"in a process: 1 MiB chunk from append to next, best", 1e6 * seconds, "us"},
          {"in a process: 1 MiB chunks by pointer, best", 1e-3 * per_second, "k/s"},
          {"in a process: their bytes", 1e-9 * per_second * mebibyte, "GB/s"}};
}

}  // namespace foldstream::bench
