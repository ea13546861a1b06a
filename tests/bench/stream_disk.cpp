#include "stream.hpp"

#include "stream_write.hpp"

#include <foldstream/io/run_store.hpp>

#include <fmt/core.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <thread>

namespace foldstream::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Write = std::function<WriteTimes(const fs::path& folder)>;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// In a folder of its own, which is removed: the time does not count.
WriteTimes in_folder(const fs::path& parent, const Write& write) {
  const fs::path folder = parent / "trial";
  fs::create_directories(folder);
  const WriteTimes times = write(folder);
  fs::remove_all(folder);
  return times;
}

/// Ours and the plain one, of trials that take turns.
std::vector<Bar> compare(const std::string& name, const fs::path& folder, std::uint64_t bytes,
                         int trials, const Write& ours, const Write& plain, double goal_written,
                         double goal_synced) {
  std::array<std::vector<double>, 4> rates;  // GB/s
  for (int trial = -1; trial < trials; ++trial) {
    const WriteTimes raw = in_folder(folder, plain), own = in_folder(folder, ours);
    if (trial < 0) continue;  // memory is fresh
    const std::array<double, 4> seconds{own.written, raw.written, own.synced, raw.synced};
    for (std::size_t i = 0; i < 4; ++i)
      rates[i].push_back(1e-9 * static_cast<double>(bytes) / seconds[i]);
  }
  const auto bar = [&](const char* what, const char* which, double own, double raw, double goal,
                       const char* peer) {
    return Bar{name + what + which, own, "GB/s", goal * raw, goal * raw, false, peer, raw};
  };
  const auto best = [](const std::vector<double>& values) { return std::ranges::max(values); };
  return {
      bar("", ", median", median(rates[0]), median(rates[1]), goal_written, "write()"),
      bar("", ", best", best(rates[0]), best(rates[1]), goal_written, "write()"),
      bar(", synced", ", median", median(rates[2]), median(rates[3]), goal_synced, "fdatasync()"),
      bar(", synced", ", best", best(rates[2]), best(rates[3]), goal_synced, "fdatasync()")};
}

std::vector<Bar> alone(const fs::path& folder, std::uint64_t chunk, bool quick) {
  const std::uint64_t bytes = (quick ? 32 : 256) * mebibyte;
  const auto chunks = static_cast<int>(bytes / chunk);
  return compare(
      fmt::format("written behind, {} MiB chunks", chunk / mebibyte), folder, bytes,
      quick ? 1 : 9, [=](const fs::path& path) { return write_behind(path, chunk, chunks); },
      [=](const fs::path& path) { return write_plainly(path, chunk, chunks); }, 0.9, 0.95);
}

/// In two processes at once, as ranks 0 and 1: the times of the slower one.
WriteTimes in_two(const std::function<WriteTimes(int rank)>& write) {
  std::array<int, 2> start{}, report{};
  if (pipe(start.data()) != 0 || pipe(report.data()) != 0) throw std::runtime_error("no pipe.");
  for (int rank = 0; rank < 2; ++rank) {
    if (fork() != 0) continue;
    close(start[1]);
    char go = 0;
    if (read(start[0], &go, 1) != 0) _exit(1);  // until the other end is closed
    const WriteTimes times = write(rank);
    _exit(::write(report[1], &times, sizeof times) == sizeof times ? 0 : 1);
  }
  close(start[0]);
  close(start[1]);
  close(report[1]);
  WriteTimes slower, times;
  int count = 0;
  for (; read(report[0], &times, sizeof times) == sizeof times; ++count) {
    slower.written = std::max(slower.written, times.written);
    slower.synced = std::max(slower.synced, times.synced);
  }
  close(report[0]);
  while (wait(nullptr) > 0) continue;
  if (count != 2) throw std::runtime_error("a writing process has failed.");
  return slower;
}

std::vector<Bar> two_ranks(const fs::path& folder, bool quick) {
  const std::uint64_t bytes = (quick ? 16 : 256) * mebibyte;  // of each
  const auto chunks = static_cast<int>(bytes / mebibyte);
  return compare(
      "two ranks, 1 MiB chunks", folder, 2 * bytes, quick ? 1 : 7,
      [=](const fs::path& path) {
        return in_two([&](int rank) { return write_behind(path, mebibyte, chunks, rank); });
      },
      [=](const fs::path& path) {
        return in_two([&](int rank) { return write_plainly(path, mebibyte, chunks, rank); });
      },
      0.9, 0.9);
}

/// Wall time and processor time of a piece of work of this thread.
struct WorkTimes {
  double wall = 0;
  double cpu = 0;
};

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Multiplies and adds over 256 KiB again and again: some tenths of a second.
WorkTimes compute(int rounds) {
  static std::vector<float> values(65'536, 1.0F);
  const double cpu = thread_seconds();
  const auto began = Clock::now();
  for (int round = 0; round < rounds; ++round)
    for (float& value : values) value = value * 0.999F + 0.001F;
  if (values[7] < 0.5F) throw std::runtime_error("arithmetic is wrong.");
  return {seconds_since(began), thread_seconds() - cpu};
}

/// Appends 1 MiB chunks at `rate` bytes a second until it is told to stop.
void write_at(StreamStore& streams, const Key& id, double rate, const std::atomic<bool>& stops) {
  streams.open(id, {DType::u8, {static_cast<std::int64_t>(mebibyte)}, "1", {}}, {"", "b", "c"});
  const Tensor chunk(DType::u8, {1, static_cast<std::int64_t>(mebibyte)});
  const auto began = Clock::now();
  for (int i = 0; !stops; ++i) {
    streams.append(id, chunk, [](std::exception_ptr) {});
    std::this_thread::sleep_until(began + std::chrono::duration<double>((i + 1) * mebibyte / rate));
  }
  streams.finish(id);
}

/// How much longer a computation takes while a stream is written behind, percent.
std::vector<Bar> slowdown(const fs::path& folder, bool quick) {
  constexpr double rate = 100e6;
  const int rounds = quick ? 2'000 : 20'000;
  std::vector<double> wall, cpu;
  for (int trial = -1; trial < (quick ? 1 : 15); ++trial) {
    const WorkTimes alone = compute(rounds);
    std::atomic<bool> stops = false;
    WorkTimes beside;
    {
      io::RunStore store(folder / "slowdown", 0);
      std::thread writer([&] { write_at(*store.streams(), stream_id({}, "slow"), rate, stops); });
      beside = compute(rounds);
      stops = true;
      writer.join();
    }
    fs::remove_all(folder / "slowdown");
    if (trial < 0) continue;
    wall.push_back(100 * (beside.wall / alone.wall - 1));
    cpu.push_back(100 * (beside.cpu / alone.cpu - 1));
  }
  return {{"computation beside 100 MB/s written behind, longer by", median(wall), "%", 3.0, 3.0, true},
          {"the same, its processor time", median(cpu), "%", 3.0, 3.0, true}};
}

void write_chunks(const fs::path& folder, const Key& id, int chunks) {
  io::RunStore store(folder, 0);
  StreamStore& streams = *store.streams();
  streams.open(id, {DType::f32, {256}, "1", {}}, {"", "b", "c"});
  const Tensor chunk(DType::f32, {1, 256});
  for (int i = 0; i < chunks; ++i) streams.append(id, chunk, [](std::exception_ptr) {});
  streams.finish(id);
}

/// Opening a folder, finding its stream and reading the first chunk.
Bar resume(const fs::path& folder, bool quick) {
  const Key id = stream_id({}, "resume");
  const int chunks = quick ? 10'000 : 100'000;
  write_chunks(folder / "resume", id, chunks);
  double best = 1e9;
  for (int trial = 0; trial < (quick ? 1 : 5); ++trial) {
    const auto began = Clock::now();
    io::RunStore store(folder / "resume", 0);
    const auto found = store.streams()->find(id);
    const Tensor first = store.streams()->read(id, 0);
    best = std::min(best, seconds_since(began));
    if (!found || found->chunks != chunks || first.bytes() != 1024)
      throw std::runtime_error("a stored stream was not found again.");
  }
  fs::remove_all(folder / "resume");
  return {fmt::format("run with {} chunks opened, first chunk read", chunks), best, "s", 1.0, 1.0,
          true};
}

}  // namespace

std::vector<Bar> disk_bars(const fs::path& folder, bool quick) {
  std::vector<Bar> bars;
  const auto add = [&](std::vector<Bar> more) { std::ranges::move(more, std::back_inserter(bars)); };
  add(two_ranks(folder, quick));  // first: it forks
  add(alone(folder, mebibyte, quick));
  add(alone(folder, 8 * mebibyte, quick));
  add(slowdown(folder, quick));
  bars.push_back(resume(folder, quick));
  return bars;
}

}  // namespace foldstream::bench
