// Streams of the run store: every chunk comes back byte by byte, in this process and in others, or
// the stream ends before it.
#include "io/failing_disk.hpp"
#include "stream_case.hpp"

#include <sys/mount.h>
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

TEST(StreamStore, GivesChunksBackInThisProcessAndTheNext) {
  TemporaryFolder folder;
  {
    RunStore store(folder.path(), 0);
    produce(*store.streams(), stream_of(1), 20);
    expect_chunks(*store.streams(), stream_of(1), 20);
    store.streams()->finish(stream_of(1));
  }

  RunStore again(folder.path());

  expect_chunks(*again.streams(), stream_of(1), 20);
  EXPECT_TRUE(again.streams()->find(stream_of(1))->is_complete);
  EXPECT_EQ(again.streams()->find(stream_of(1))->type, models_type);
  EXPECT_EQ(to_string(again.streams()->find(stream_of(1))->label), "predict.models of target 'P1'");
}

TEST(StreamStore, KnowsWhatItHasNot) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  StreamStore& streams = *store.streams();
  produce(streams, stream_of(1), 2);

  EXPECT_FALSE(streams.find(stream_of(2)));
  expect_error(ErrorKind::NotFound, "has no chunk 2", [&] { streams.read(stream_of(1), 2); });
  expect_error(ErrorKind::NotFound, "has no chunk 0", [&] { streams.read(stream_of(2), 0); });
  expect_error(ErrorKind::NotFound, "has no chunk 2", [&] { streams.checksum(stream_of(1), 2); });
  expect_error(ErrorKind::InvalidArgument, "is not open", [&] { streams.finish(stream_of(2)); });
  EXPECT_FALSE(streams.find(stream_of(1))->is_complete);
}

TEST(StreamStore, RefusesWrongChunksWrongTypesAndToWriteWhatItOnlyReads) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  produce(*store.streams(), stream_of(1), 1);
  StreamType other = models_type;
  other.units = "nm";

  expect_error(ErrorKind::InvalidArgument, "takes chunks of f32 [n, 5, 3] with n of at least 1, not",
               [&] {
                 store.streams()->append(stream_of(1), Tensor(DType::f32, {5, 3}), {});
               });
  expect_error(ErrorKind::InvalidArgument, "is stored with another type",
               [&] { store.streams()->open(stream_of(1), other, models_label); });
  other.units = "\xff";
  expect_error(ErrorKind::InvalidArgument, "must be UTF-8",
               [&] { store.streams()->open(stream_of(2), other, models_label); });
  expect_error(ErrorKind::Unsupported, "opened for reading only", [&] {
    RunStore(folder.path()).streams()->open(stream_of(1), models_type, models_label);
  });
}

TEST(StreamStore, TakesChunksOfAnyLengthAndKeepsTheirBorders) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  const std::vector<std::int64_t> lengths = {70, 1, 500, 3, 140, 70, 69, 2, 1, 1000, 7};
  Account account;
  store.streams()->open(stream_of(1), models_type, models_label);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const auto chunk = chunk_of(models_type, static_cast<std::int64_t>(i), lengths[i]);
    store.streams()->append(stream_of(1), chunk, account.next());
    if (i % 3 == 0) account.check();  // several batches
  }
  store.streams()->finish(stream_of(1));

  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const auto number = static_cast<std::int64_t>(i);
    EXPECT_EQ(store.streams()->read(stream_of(1), number),
              chunk_of(models_type, number, lengths[i]))
        << i;
  }
  EXPECT_EQ(store.stored_streams()[0].rows, 1863);
}

TEST(StreamStore, TakesEveryDtypePlainNumbersAndRowsWithoutBytes) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  std::uint64_t number = 0;
  for (const DType dtype : {DType::u8, DType::i8, DType::i16, DType::i32, DType::i64, DType::f16,
                            DType::bf16, DType::f32, DType::f64}) {
    for (const Shape& row : {Shape{}, Shape{7}, Shape{0, 4}}) {
      const StreamType type{dtype, row, "1", {}};
      const Key id = stream_of(++number);
      store.streams()->open(id, type, models_label);
      for (int i = 0; i < 3; ++i) store.streams()->append(id, chunk_of(type, i, 5 + i), {});
      store.streams()->finish(id);
      EXPECT_EQ(store.streams()->read(id, 2), chunk_of(type, 2, 7)) << to_string(dtype);
    }
  }
}

TEST(StreamStore, ShowsAStreamWithoutChunksOnceItIsFinished) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  store.streams()->open(stream_of(1), models_type, models_label);
  EXPECT_EQ(store.streams()->find(stream_of(1))->chunks, 0);

  store.streams()->finish(stream_of(1));

  RunStore other(folder.path());
  EXPECT_TRUE(other.streams()->find(stream_of(1))->is_complete);
  EXPECT_EQ(other.streams()->find(stream_of(1))->chunks, 0);
}

TEST(StreamStore, IsReadByAnotherProcessesStoreWhileTheWriterGoesOn) {
  TemporaryFolder folder;
  RunStore writer(folder.path(), 0);
  RunStore reader(folder.path());

  for (std::int64_t end = 1; end <= 30; ++end) {
    produce(*writer.streams(), stream_of(1), end);
    reader.refresh();
    ASSERT_EQ(reader.streams()->find(stream_of(1))->chunks, end);
    ASSERT_EQ(reader.streams()->read(stream_of(1), end - 1), chunk_of(models_type, end - 1));
    ASSERT_EQ(reader.streams()->checksum(stream_of(1), end - 1),
              writer.streams()->checksum(stream_of(1), end - 1));
  }
}

TEST(StreamStore, GoesOnWithAStreamOfAnotherRank) {
  TemporaryFolder folder;
  {
    RunStore first(folder.path(), 0);
    produce(*first.streams(), stream_of(1), 7);
  }
  RunStore second(folder.path(), 3);

  EXPECT_EQ(second.streams()->open(stream_of(1), models_type, models_label), 7);
  produce(*second.streams(), stream_of(1), 12);
  second.streams()->finish(stream_of(1));

  RunStore reader(folder.path());
  expect_chunks(*reader.streams(), stream_of(1), 12);
  EXPECT_TRUE(reader.streams()->find(stream_of(1))->is_complete);
  EXPECT_EQ(reader.stored_streams()[0].files.size(), 2u);
  EXPECT_EQ(reader.stored_streams()[0].dataset, "");
}

TEST(StreamStore, TakesAChunkTwiceFromTwoRanks) {
  TemporaryFolder folder;
  RunStore first(folder.path(), 0), second(folder.path(), 1);
  first.streams()->open(stream_of(1), models_type, models_label);
  second.streams()->open(stream_of(1), models_type, models_label);
  produce(*first.streams(), stream_of(1), 5);
  Account account;
  for (int i = 0; i < 8; ++i) {
    second.streams()->append(stream_of(1), chunk_of(models_type, i), account.next());
  }
  account.check();

  first.refresh();

  expect_chunks(*first.streams(), stream_of(1), 8);
}

TEST(StreamStore, GoesOnAfterItsFileWasClosed) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  produce(*store.streams(), stream_of(1), 3);

  store.close();
  Account account;
  store.streams()->append(stream_of(1), chunk_of(models_type, 3), account.next());
  account.check();
  store.streams()->finish(stream_of(1));

  expect_chunks(*store.streams(), stream_of(1), 4);
  EXPECT_TRUE(fs::exists(folder.path() / "ranks/r0000-s1.h5"));
}

TEST(StreamStore, ManyStreamsAtOnceFromManyThreads) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  std::vector<std::thread> threads;

  for (std::uint64_t number = 0; number < 8; ++number) {
    threads.emplace_back([&, number] {
      produce(*store.streams(), stream_of(number), 300);
      store.streams()->finish(stream_of(number));
    });
  }
  for (std::thread& thread : threads) thread.join();

  RunStore reader(folder.path());
  for (std::uint64_t i = 0; i < 8; ++i) expect_chunks(*reader.streams(), stream_of(i), 300);
}

// ---- damage -------------------------------------------------------------------------------------

TEST(StreamDamage, EndsAStreamBeforeAFlippedByteAndGoesOnFromThere) {
  TemporaryFolder folder;
  Damages damages;
  RunStore store(folder.path(), 0, damages.report());
  StreamStore& streams = *store.streams();
  produce(streams, stream_of(1), 10);
  streams.finish(stream_of(1));
  const fs::path file = folder.path() / "ranks/r0000-s0.h5";
  test::flip_byte(file, test::find_bytes(file, chunk_of(models_type, 4)));

  expect_error(ErrorKind::Io, "r0000-s0.h5: chunk 4 differs from its checksum",
               [&] { streams.read(stream_of(1), 4); });

  expect_error(ErrorKind::NotFound, "no chunk 4", [&] { streams.read(stream_of(1), 4); });
  expect_chunks(streams, stream_of(1), 4);
  EXPECT_FALSE(streams.find(stream_of(1))->is_complete);
  EXPECT_EQ(store.stored_streams()[0].rows, 8);
  ASSERT_EQ(damages.seen.size(), 1u);
  EXPECT_EQ(to_string(damages.seen[0]),
            file.string() + ": chunk 4 differs from its checksum; from there on stream " +
                "predict.models of target 'P1' counts as absent and will be made again");
  produce(streams, stream_of(1), 10);
  streams.finish(stream_of(1));
  expect_chunks(*RunStore(folder.path()).streams(), stream_of(1), 10);
}

TEST(StreamDamage, EndsAStreamWhereItsFileIsCutOrGone) {
  TemporaryFolder folder;
  {
    RunStore store(folder.path(), 0);
    produce(*store.streams(), stream_of(1), 10);
    store.close();
    produce(*store.streams(), stream_of(2), 10);
  }
  const fs::path file = folder.path() / "ranks/r0000-s0.h5";
  fs::resize_file(file, test::find_bytes(file, chunk_of(models_type, 3)) + 10);
  fs::remove(folder.path() / "ranks/r0000-s1.h5");

  RunStore store(folder.path());

  expect_error(ErrorKind::Io, "chunk 3 lies behind the end",
               [&] { store.streams()->read(stream_of(1), 3); });
  expect_error(ErrorKind::Io, "is missing", [&] { store.streams()->read(stream_of(2), 0); });
  expect_chunks(*store.streams(), stream_of(1), 3);
  EXPECT_EQ(store.streams()->find(stream_of(2))->chunks, 0);
}

TEST(StreamDamage, LosesOnlyWhatIsBehindAFlippedByteInTheJournal) {
  TemporaryFolder folder;
  Damages damages;
  {
    RunStore store(folder.path(), 0);
    for (std::int64_t end = 1; end <= 6; ++end) produce(*store.streams(), stream_of(1), end);
    produce(*store.streams(), stream_of(2), 6);
  }
  const fs::path journal = folder.path() / "ranks/r0000.streams";
  const std::string text = test::read_text(journal);
  std::size_t frame = text.find("FSS1");
  for (int i = 0; i < 4; ++i) frame = text.find("FSS1", frame + 1);
  test::flip_byte(journal, frame + 50);

  RunStore store(folder.path(), 0, damages.report());

  ASSERT_EQ(damages.seen.size(), 1u);
  EXPECT_EQ(damages.seen[0].file, journal);
  expect_chunks(*store.streams(), stream_of(1), 3);
  expect_chunks(*store.streams(), stream_of(2), 6);
  produce(*store.streams(), stream_of(1), 6);
  expect_chunks(*store.streams(), stream_of(1), 6);
}

TEST(StreamDamage, CutsATornJournalAndGoesOn) {
  TemporaryFolder folder;
  {
    RunStore store(folder.path(), 0);
    produce(*store.streams(), stream_of(1), 1);
    produce(*store.streams(), stream_of(1), 2);
  }
  const fs::path journal = folder.path() / "ranks/r0000.streams";
  const std::string text = test::read_text(journal);
  fs::resize_file(journal, text.rfind("FSS1", text.rfind("FSS1") - 1) + 30);  // in the last chunk's

  RunStore store(folder.path(), 0);

  expect_chunks(*store.streams(), stream_of(1), 1);
  produce(*store.streams(), stream_of(1), 5);
  expect_chunks(*RunStore(folder.path()).streams(), stream_of(1), 5);
}

}  // namespace
}  // namespace foldstream::io
