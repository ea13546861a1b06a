#include "stream_write.hpp"

#include <foldstream/io/run_store.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <future>
#include <string>
#include <system_error>

namespace foldstream::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

/// Different chunks in memory that was touched, more than a cache holds.
std::vector<Tensor> some_chunks(std::uint64_t bytes) {
  std::vector<Tensor> chunks;
  for (std::uint64_t total = 0; total < (std::uint64_t{64} << 20); total += bytes) {
    Tensor chunk(DType::u8, {1, static_cast<std::int64_t>(bytes)});
    std::memset(chunk.mutable_raw().data(), static_cast<int>(chunks.size()) + 1, bytes);
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

WriteTimes write_plainly(const std::filesystem::path& folder, std::uint64_t chunk_bytes,
                         int chunks, int rank) {
  const std::vector<Tensor> data = some_chunks(chunk_bytes);
  const std::filesystem::path path = folder / ("plain" + std::to_string(rank));
  const auto began = Clock::now();
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) fail("open");
  for (int i = 0; i < chunks; ++i) {
    const auto raw = data[static_cast<std::size_t>(i) % data.size()].raw();
    if (::write(file, raw.data(), raw.size()) != static_cast<ssize_t>(raw.size())) fail("write");
  }
  WriteTimes times;
  times.written = seconds_since(began);
  if (::fdatasync(file) != 0) fail("fdatasync");
  times.synced = seconds_since(began);
  ::close(file);
  return times;
}

WriteTimes write_behind(const std::filesystem::path& folder, std::uint64_t chunk_bytes,
                        int chunks, int rank) {
  const std::vector<Tensor> data = some_chunks(chunk_bytes);
  WriteTimes times;
  io::RunStore store(folder / "run", rank);
  StreamStore& streams = *store.streams();
  const Key id = stream_id({}, "bench" + std::to_string(rank));
  const StreamType type{DType::u8, {static_cast<std::int64_t>(chunk_bytes)}, "1", {}};
  std::promise<void> last;
  const auto began = Clock::now();
  streams.open(id, type, {"", "bench", "rank" + std::to_string(rank)});
  for (int i = 0; i < chunks; ++i) {
    const bool is_last = i + 1 == chunks;
    streams.append(id, data[static_cast<std::size_t>(i) % data.size()],
                   [&last, is_last](std::exception_ptr failure) {
                     if (failure) std::terminate();
                     if (is_last) last.set_value();
                   });
  }
  last.get_future().wait();
  times.written = seconds_since(began);
  streams.finish(id);
  times.synced = seconds_since(began);
  return times;
}

}  // namespace foldstream::bench
