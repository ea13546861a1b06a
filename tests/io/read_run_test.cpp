// A run folder is read by a script that knows nothing but docs/formats.md, and run.h5 shows streams
// whoever wrote them.
#include "stream_case.hpp"

#include <sys/wait.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace foldstream::io {
namespace {

namespace fs = std::filesystem;
using test::chunk_of;
using test::models_label;
using test::models_type;
using test::produce;
using test::stream_of;
using test::TemporaryFolder;

constexpr const char* python = "/usr/bin/python3";

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    text += static_cast<char>(c);
  }
  return text;
}

std::string digest(const std::string& bytes) {
  return to_string(Key{0, XXH3_64bits(bytes.data(), bytes.size())}).substr(16);
}

std::string raw_text(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.raw().data()), tensor.bytes()};
}

/// "models" of 2-row chunks up to `end`, as one string of bytes.
std::string models_bytes(std::int64_t end) {
  std::string bytes;
  for (std::int64_t i = 0; i < end; ++i) bytes += raw_text(chunk_of(models_type, i));
  return bytes;
}

/// Does something in a process that ends without closing anything.
void in_killed_process(const std::function<void()>& act) {
  const pid_t child = fork();
  if (child == 0) {
    act();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(ReadRun, AScriptReadsTasksAndStreamsBothWays) {
  if (std::system((std::string(python) + " -c 'import h5py, xxhash' 2> /dev/null").c_str()) != 0) {
    GTEST_SKIP() << "python3-h5py or python3-xxhash is not installed";
  }
  TemporaryFolder folder;
  const Tensor half = chunk_of({DType::bf16, {4}, "1", {}}, 1, 3);
  RunStore(folder.path(), 1)
      .save(key_of("task 1"),
            {"P/1", "predict", 1, {{"map", {{"half", {half, "1", {"a", "b"}}}}}}});
  in_killed_process([&] {
    RunStore* store = new RunStore(folder.path(), 2);
    produce(*store->streams(), stream_of(1), 5);
  });
  RunStore store(folder.path(), 0);
  produce(*store.streams(), stream_of(1), 9);
  store.streams()->finish(stream_of(1));
  write_master_file(store, {});

  const std::string text =
      output_of(std::string(python) + " " + FOLDSTREAM_SOURCE_DIR + "/docs/examples/read_run.py " +
                folder.path().string() + " 2>&1");

  const std::string lines =
      " streams/P1/predict/models float32 (18, 5, 3) " + digest(models_bytes(9)) + "\n";
  const std::string field =
      " targets/P%2F1/predict/map/half uint16 (3, 4) " + digest(raw_text(half)) + "\n";
  EXPECT_EQ(text, "run.h5" + lines + "run.h5" + field + "journals" + lines + "journals" + field);
}

TEST(StreamSalvage, CopiesOnceWhatAKilledWriterDidNotShow) {
  TemporaryFolder folder;
  in_killed_process([&] {
    RunStore* store = new RunStore(folder.path(), 2);
    produce(*store->streams(), stream_of(1), 5);  // never flushed
  });
  RunStore store(folder.path(), 0);

  EXPECT_EQ(store.salvage({}), 1);
  EXPECT_EQ(store.salvage({}), 0);

  const StreamInfo info = store.stored_streams().at(0);
  EXPECT_EQ(info.files.front(), "ranks/r0000-s0.h5");
  EXPECT_EQ(info.dataset, "/streams/P1/predict/models");
  EXPECT_FALSE(info.is_complete);
  EXPECT_EQ(store.streams()->read(stream_of(1), 4), chunk_of(models_type, 4));
}

TEST(StreamSalvage, LeavesAFinishedStreamOfAKilledWriterWhereItIs) {
  TemporaryFolder folder;
  in_killed_process([&] {
    RunStore* store = new RunStore(folder.path(), 2);
    produce(*store->streams(), stream_of(1), 500, 7);
    produce(*store->streams(), stream_of(1), 600, 90);
    store->streams()->finish(stream_of(1));
  });
  RunStore store(folder.path(), 0);

  EXPECT_EQ(store.salvage({}), 0);
  EXPECT_EQ(store.stored_streams().at(0).files.front(), "ranks/r0002-s0.h5");
}

TEST(StreamSalvage, MakesOneOfAStreamInSeveralFiles) {
  TemporaryFolder folder;
  for (int rank = 1; rank < 4; ++rank) {
    RunStore store(folder.path(), rank);
    produce(*store.streams(), stream_of(1), 3 * rank);
    if (rank == 3) store.streams()->finish(stream_of(1));
  }
  RunStore store(folder.path(), 0);

  EXPECT_EQ(store.salvage({}), 1);

  const StreamInfo info = store.stored_streams().at(0);
  EXPECT_TRUE(info.is_complete);
  EXPECT_EQ(info.chunks, 9);
  EXPECT_EQ(info.files.front(), "ranks/r0000-s0.h5");
  EXPECT_EQ(info.rows, 18);
}

TEST(StreamSalvage, TakesOnlyTheStreamsOfTheTasksAskedFor) {
  TemporaryFolder folder;
  in_killed_process([&] {
    RunStore* store = new RunStore(folder.path(), 2);
    for (int i = 1; i < 4; ++i) produce(*store->streams(), stream_of(static_cast<unsigned>(i)), 2);
  });
  RunStore store(folder.path(), 0);
  const std::vector<Key> tasks = {key_of("task 2")};

  EXPECT_EQ(store.salvage(tasks), 1);
  EXPECT_EQ(store.salvage({}), 2);
}

}  // namespace
}  // namespace foldstream::io
