// Many small chunks: memory stays flat, files have the size that docs/formats.md says, and a folder
// with many chunks is opened fast. FOLDSTREAM_SOAK=1000000 takes so many chunks.
#include "stream_case.hpp"

#include <unistd.h>

#include <atomic>
#include <cstring>
#include <iostream>

namespace foldstream::io {
namespace {

using test::Account;
using test::expect_error;
using test::models_label;
using test::stream_of;
using test::TemporaryFolder;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t chunk_bytes = 4096;
constexpr std::uint64_t streams = 4;
const StreamType bytes_type{DType::u8, {chunk_bytes}, "1", {}};

std::int64_t chunk_count() {
  const char* asked = std::getenv("FOLDSTREAM_SOAK");
  return asked == nullptr ? 20'000 : std::stoll(asked);
}

/// Resident memory of this process, bytes.
std::int64_t resident_bytes() {
  std::int64_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

/// A chunk that tells its number.
Tensor numbered_chunk(std::uint64_t stream, std::int64_t number) {
  Tensor chunk(DType::u8, {1, chunk_bytes});
  const std::int64_t words[] = {number, static_cast<std::int64_t>(stream)};
  std::memcpy(chunk.mutable_raw().data(), words, sizeof words);
  return chunk;
}

/// Reads what there is of a stream, in order, until all of it was there.
void follow(RunStore& store, std::uint64_t stream, std::int64_t end, std::atomic<int>& wrong) {
  const auto deadline = Clock::now() + std::chrono::seconds(600);
  for (std::int64_t next = 0; next < end && Clock::now() < deadline;) {
    const auto known = store.streams()->find(stream_of(stream));
    const std::int64_t stored = known ? known->chunks : 0;
    if (next == stored) std::this_thread::yield();
    for (; next < stored; ++next) {
      if (store.streams()->read(stream_of(stream), next) != numbered_chunk(stream, next)) ++wrong;
    }
    if (next == end) return;
  }
  ++wrong;
}

/// Appends to all streams in turn, with at most so many chunks on the way.
class Producer {
 public:
  explicit Producer(RunStore& store) : store_(store.streams()) {
    for (std::uint64_t i = 0; i < streams; ++i)
      store_->open(stream_of(i), bytes_type, models_label);
  }

  void append(std::int64_t begin, std::int64_t end) {
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      for (std::uint64_t i = 0; i < streams; ++i) {
        store_->append(stream_of(i), numbered_chunk(i, chunk), account_.next());
      }
      if (chunk % 250 == 249) account_.check();  // 4 MiB on the way
    }
    account_.check();
  }
  void finish() {
    for (std::uint64_t i = 0; i < streams; ++i) store_->finish(stream_of(i));
  }

 private:
  StreamStore* store_;
  Account account_;
};

void expect_sizes(const std::filesystem::path& folder, std::int64_t chunks) {
  const double payload = static_cast<double>(chunks * chunk_bytes);
  const double index = static_cast<double>(chunks) * 80;  // as docs/formats.md says
  const auto file = static_cast<double>(file_size(folder / "ranks/r0000-s0.h5"));
  const auto journal = static_cast<double>(file_size(folder / "ranks/r0000.streams"));
  EXPECT_LE(file, (payload + index) * 1.01 + (1 << 16));
  EXPECT_LE(journal, static_cast<double>(chunks) * 104);  // a frame for each, at worst
}

TEST(StreamSoak, ManyChunksTakeFlatMemoryAndTheDiskTheyNeed) {
  TemporaryFolder folder;
  const std::int64_t each = chunk_count() / static_cast<std::int64_t>(streams);
  std::atomic<int> wrong = 0;
  auto store = std::make_unique<RunStore>(folder.path(), 0);
  Producer producer(*store);
  std::thread reader([&] { follow(*store, 1, each, wrong); });

  producer.append(0, each / 5);
  const std::int64_t warm = resident_bytes();
  producer.append(each / 5, each);
  const std::int64_t grown = resident_bytes() - warm;
  producer.finish();
  reader.join();
  store.reset();

  EXPECT_EQ(wrong, 0);
  EXPECT_LE(grown, 16 << 20);
  expect_sizes(folder.path(), each * static_cast<std::int64_t>(streams));
  std::cout << "resident memory grew by " << grown / 1024 << " KiB over the last 80 %\n";
}

TEST(StreamSoak, AFolderOfManyChunksIsOpenedFast) {
  TemporaryFolder folder;
  const std::int64_t each =
      std::max<std::int64_t>(chunk_count(), 100'000) / static_cast<int>(streams);
  {
    RunStore store(folder.path(), 0);
    Producer(store).append(0, each);
  }

  const auto began = Clock::now();
  RunStore store(folder.path());
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();

  EXPECT_EQ(store.streams()->find(stream_of(3))->chunks, each);
  EXPECT_LE(seconds, 1);
  std::cout << each * static_cast<int>(streams) << " chunks: opened in " << seconds << " s\n";
}

}  // namespace
}  // namespace foldstream::io
