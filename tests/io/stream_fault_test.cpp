// Streams of the run store when the disk fails, and when the process is killed: what was stored
// stays, and the rest goes wrong by name.
#include "io/failing_disk.hpp"
#include "stream_case.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace foldstream::io {
namespace {

using test::Account;
using test::chunk_of;
using test::expect_chunks;
using test::expect_error;
using test::models_label;
using test::models_type;
using test::produce;
using test::stream_of;

TEST(StreamFault, OnAFullDiskTellsTheCureAndKeepsWhatWasStored) {
  const SmallDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a tmpfs is not permitted here";
  RunStore store(disk.path(), 0);
  StreamStore& streams = *store.streams();
  produce(streams, stream_of(1), 10);
  const fs::path filler = disk.path() / "filler";
  std::ofstream(filler) << std::string(2 << 20, 'x');

  expect_error(ErrorKind::Io, "cannot store chunks of stream predict.models of target 'P1': ", [&] {
    produce(streams, stream_of(1), 30, 1000);
  });
  Account account;
  streams.append(stream_of(1), chunk_of(models_type, 11), account.next());
  EXPECT_EQ(account.failed(), 1);  // and so it is until the stream is opened again
  expect_error(ErrorKind::Io, "No space left on device. Free space and run again",
               [&] { streams.finish(stream_of(1)); });
  fs::remove(filler);

  expect_chunks(streams, stream_of(1), 10);
  produce(streams, stream_of(1), 20);
  streams.finish(stream_of(1));
  expect_chunks(*RunStore(disk.path()).streams(), stream_of(1), 20);
}

TEST(StreamFault, OfOneStreamLetsTheOthersGoOn) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  StreamStore& streams = *store.streams();
  produce(streams, stream_of(1), 10);
  produce(streams, stream_of(2), 5);
  {
    const FileSizeLimit limit(fs::file_size(folder.path() / "ranks/r0000-s0.h5") + 3000);
    expect_error(ErrorKind::Io, "Raise the limit on file sizes",
                 [&] { produce(streams, stream_of(1), 30, 100); });
  }

  Account account;
  for (int i = 5; i < 9; ++i) {
    streams.append(stream_of(2), chunk_of(models_type, i), account.next());
  }
  account.check();

  streams.finish(stream_of(2));
  RunStore reader(folder.path());
  expect_chunks(*reader.streams(), stream_of(1), 10);
  expect_chunks(*reader.streams(), stream_of(2), 9);
}

TEST(StreamFault, OnAJournalThatCannotGrowStoresNothingOfTheBatch) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  produce(*store.streams(), stream_of(1), 3);
  {
    const FileSizeLimit limit(0);
    EXPECT_THROW(produce(*store.streams(), stream_of(1), 5), Error);
  }

  expect_chunks(*store.streams(), stream_of(1), 3);
  produce(*store.streams(), stream_of(1), 5);
  expect_chunks(*RunStore(folder.path()).streams(), stream_of(1), 5);
}

// ---- death --------------------------------------------------------------------------------------

pid_t start_victim(const fs::path& folder) {
  const pid_t child = fork();
  if (child == 0) {
    execl(FOLDSTREAM_STREAM_VICTIM, FOLDSTREAM_STREAM_VICTIM, folder.c_str(), nullptr);
    _exit(127);
  }
  return child;
}

/// For each stream, how many chunks the victim was told are stored.
std::vector<std::int64_t> told(const fs::path& folder) {
  std::ifstream file(folder / "told", std::ios::binary);
  std::vector<std::int64_t> counts(3);
  for (std::int64_t word = 0; file.read(reinterpret_cast<char*>(&word), sizeof word);) {
    counts.at(static_cast<std::size_t>(word >> 32)) = (word & 0xffffffff) + 1;
  }
  return counts;
}

/// Kills the victim some time after it was told of its first chunk.
void kill_victim(const fs::path& folder, std::chrono::microseconds later) {
  const pid_t child = start_victim(folder);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::error_code none;
  while (fs::file_size(folder / "told", none) + 1 < 2 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  std::this_thread::sleep_for(later);  // the moment is what is tested
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

int seed_count() {
  const char* asked = std::getenv("FOLDSTREAM_KILLS");
  return asked == nullptr ? 8 : std::stoi(asked);
}

TEST(StreamKill, LosesNoChunkThatWasStored) {
  for (int seed = 0; seed < seed_count(); ++seed) {
    TemporaryFolder folder;
    std::mt19937 random(static_cast<unsigned>(seed));
    kill_victim(folder.path(), std::chrono::microseconds(random() % 100'000));
    const std::vector<std::int64_t> counts = told(folder.path());

    RunStore store(folder.path() / "run", 1);
    for (std::uint64_t i = 0; i < counts.size(); ++i) {
      const std::int64_t chunks = store.streams()->open(stream_of(i), models_type, models_label);
      ASSERT_GE(chunks, counts[i]) << "seed " << seed;
      expect_chunks(*store.streams(), stream_of(i), chunks, 50);
      produce(*store.streams(), stream_of(i), chunks + 5, 50);
      store.streams()->finish(stream_of(i));
    }
    write_master_file(store, {});
    for (const StreamInfo& info : store.stored_streams()) EXPECT_NE(info.dataset, "");
  }
}

}  // namespace
}  // namespace foldstream::io
