// StreamHub: chunks reach every reader once and in order, whenever it comes, and memory is bounded.
#include "core/stream_case.hpp"

#include <chrono>
#include <future>
#include <latch>
#include <random>

namespace foldstream::test {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using Is = StreamHub::Polled::Is;

const Stream numbers{key_of("numbers"), numbers_type};
const StreamLabel label{"P1", "predict", "models"};
const StreamLabel consumer{"P1", "refine", ""};

std::vector<double> firsts(int count) {
  std::vector<double> firsts(static_cast<std::size_t>(count));
  std::iota(firsts.begin(), firsts.end(), 0.0);
  return firsts;
}

/// A hub, with a store or without.
class StreamHubTest : public testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<StreamReader> read() { return hub.read(numbers, consumer, stop.get_token()); }
  /// Of a stream that has begun, and that nobody writes yet.
  std::unique_ptr<StreamReader> read_after_open() {
    const auto writer = open();
    return read();
  }
  std::unique_ptr<StreamWriter> open() { return hub.open(numbers, label, stop.get_token()); }
  /// The chunks up to the one with that number.
  void write(int to) {
    const auto writer = open();
    for (int i = 0; i < to; ++i) writer->append(chunk_of(i));
  }

  const std::shared_ptr<StreamingStore> store =
      GetParam() ? std::make_shared<StreamingStore>() : nullptr;
  StreamHub hub{store, {.window_bytes = 320, .stall_seconds = 20}};
  std::stop_source stop;
};

INSTANTIATE_TEST_SUITE_P(Stores, StreamHubTest, testing::Bool(), [](const auto& info) {
  return info.param ? "Stored" : "InMemory";
});

TEST_P(StreamHubTest, AReaderGetsWhatIsAppendedWhileItWaits) {
  const auto writer = open();
  auto chunks = std::async(std::launch::async, [reader = read()] { return read_all(*reader); });

  for (int i = 0; i < 100; ++i) writer->append(chunk_of(i));
  hub.finish(numbers.id);

  EXPECT_EQ(chunks.get(), firsts(100));
}

TEST_P(StreamHubTest, AReaderThatComesAfterTheEndGetsTheSame) {
  write(50);
  hub.finish(numbers.id);

  EXPECT_EQ(read_all(*read()), firsts(50));
}

TEST_P(StreamHubTest, AnEmptyStreamHasAnEnd) {
  write(0);
  hub.finish(numbers.id);

  EXPECT_FALSE(read()->next());
}

TEST_P(StreamHubTest, AStreamThatIsNowhereIsNamed) {
  expect_error(ErrorKind::NotFound, to_string(numbers.id), [&] { read(); });
  EXPECT_EQ(hub.tap(numbers.id, 0, [] {}), nullptr);
}

TEST_P(StreamHubTest, AChunkOfAnotherTypeIsRefused) {
  const auto writer = open();

  expect_error(ErrorKind::InvalidArgument,
               "'predict.models of target 'P1'' takes chunks of f64 [n]",
               [&] { writer->append(Tensor(DType::f32, {2})); });
  expect_error(ErrorKind::InvalidArgument, "not f64 [2, 3]",
               [&] { writer->append(Tensor(DType::f64, {2, 3})); });
  expect_error(ErrorKind::InvalidArgument, "n of at least 1",
               [&] { writer->append(Tensor(DType::f64, {0})); });
}

TEST_P(StreamHubTest, ReadersAreToldOfAFailureAtOnce) {
  write(3);
  const auto reader = read();
  reader->next();

  hub.fail(numbers.id, std::make_exception_ptr(Error(ErrorKind::Resources, "out of memory.")));

  expect_error(ErrorKind::Task, "'predict' failed: out of memory.", [&] { reader->next(); });
  expect_error(ErrorKind::Task, "'predict' failed", [&] { read()->next(); });
}

TEST_P(StreamHubTest, ARetryGoesOnBehindWhatWasGiven) {
  write(3);
  const auto reader = read();
  for (int i = 0; i < 2; ++i) reader->next();

  const auto writer = open();
  EXPECT_EQ(writer->stored(), 3);
  for (int i = 0; i < 5; ++i) writer->append(chunk_of(i));
  hub.finish(numbers.id);

  EXPECT_THAT(read_all(*reader), ElementsAre(2, 3, 4));
  EXPECT_EQ(read_all(*read()), firsts(5));
}

TEST_P(StreamHubTest, ARetryMaySkipWhatItHasRead) {
  write(3);

  const auto writer = open();
  EXPECT_EQ(first_of(writer->read(2)), 2);
  writer->skip(3);
  expect_error(ErrorKind::InvalidArgument, "4 of them cannot", [&] { writer->skip(4); });
  writer->append(chunk_of(3));
  hub.finish(numbers.id);

  EXPECT_EQ(read_all(*read()), firsts(4));
}

TEST_P(StreamHubTest, ARetryThatGivesOtherChunksIsNotPure) {
  write(3);
  const auto writer = open();
  writer->append(chunk_of(0));

  expect_error(ErrorKind::Internal, "chunk 1 of stream 'predict.models of target 'P1'' differs",
               [&] { writer->append(chunk_of(7)); });
}

TEST_P(StreamHubTest, ARetryThatGivesFewerChunksIsNotPure) {
  write(3);
  write(2);

  expect_error(ErrorKind::Internal, "ended after 2 of the 3 chunks",
               [&] { hub.finish(numbers.id, 2); });
}

TEST_P(StreamHubTest, TwoTasksMayWriteOneStreamTogether) {
  const auto reader = read_after_open();
  std::latch both(2);
  const auto write_slowly = [&] {
    const auto writer = open();
    both.arrive_and_wait();
    for (int i = 0; i < 200; ++i) writer->append(chunk_of(i));
  };
  {
    const std::jthread one(write_slowly), other(write_slowly);
    for (int i = 0; i < 200; ++i) EXPECT_EQ(first_of(*reader->next()), i);
  }
  hub.finish(numbers.id);

  EXPECT_FALSE(reader->next());
}

TEST_P(StreamHubTest, StopWakesWhoeverWaits) {
  const auto writer = open();
  auto next = std::async(std::launch::async, [reader = read()] { reader->next(); });

  stop.request_stop();

  expect_error(ErrorKind::Cancelled, "cancelled", [&] { next.get(); });
  expect_error(ErrorKind::Cancelled, "cancelled", [&] { writer->append(chunk_of(0)); });
}

TEST_P(StreamHubTest, AReaderThatWaitsTooLongNamesItsProducer) {
  StreamHub hasty(store, {.stall_seconds = 0.01});
  const auto writer = hasty.open(numbers, label, {});
  const auto reader = hasty.read(numbers, consumer, {});

  expect_error(ErrorKind::Communication,
               "'refine' waited 0.01 s for chunk 0 of stream 'predict.models of target 'P1'', "
               "which task 'predict' gives",
               [&] { reader->next(); });
}

TEST_P(StreamHubTest, WhatIsReleasedAndReadIsNotHeld) {
  write(10);
  hub.finish(numbers.id);
  const auto reader = read();

  hub.release(numbers.id);

  EXPECT_EQ(read_all(*reader), firsts(10));
  EXPECT_EQ(hub.held_bytes(), 0);
}

TEST_P(StreamHubTest, ATapIsToldOfMoreAndDoesNotWait) {
  std::atomic<int> rings = 0;
  const auto writer = open();
  const auto tap = hub.tap(numbers.id, 1, [&] { ++rings; });
  EXPECT_EQ(tap->poll().is, Is::later);

  for (int i = 0; i < 3; ++i) writer->append(chunk_of(i));
  hub.finish(numbers.id);

  EXPECT_EQ(rings, 4);
  EXPECT_EQ(first_of(tap->poll().chunk), 1);
  EXPECT_EQ(first_of(tap->poll().chunk), 2);
  EXPECT_EQ(tap->poll().is, Is::end);
}

TEST_P(StreamHubTest, ATapMayBeDroppedByWhatItCalls) {
  const auto writer = open();
  std::unique_ptr<StreamHub::Tap> tap;
  tap = hub.tap(numbers.id, 0, [&] { tap.reset(); });

  writer->append(chunk_of(0));

  EXPECT_EQ(tap, nullptr);
}

TEST_P(StreamHubTest, AnotherTypeForTheSameStreamIsRefused) {
  write(1);

  expect_error(ErrorKind::InvalidArgument, "was begun with another type",
               [&] { hub.open({numbers.id, {DType::f32}}, label, {}); });
}

/// What only a hub with a store can do.
class StoredStreams : public StreamHubTest {};
INSTANTIATE_TEST_SUITE_P(Stores, StoredStreams, testing::Values(true));

TEST_P(StoredStreams, ASlowReaderDoesNotHoldUpItsProducerOrFillMemory) {
  const auto writer = open();
  const auto slow = read();

  for (int i = 0; i < 1000; ++i) writer->append(chunk_of(i));
  hub.finish(numbers.id);

  EXPECT_EQ(read_all(*slow), firsts(1000));
  EXPECT_GE(store->streams()->reads, 990);
  EXPECT_LE(hub.peak_bytes(), 320);
}

TEST_P(StoredStreams, AProducerWaitsWhileTooMuchIsNotStored) {
  store->streams()->hold();
  const auto writer = open();
  for (int i = 0; i < 10; ++i) writer->append(chunk_of(i));  // the window: 10 of 32 bytes
  auto eleventh = std::async(std::launch::async, [&] { writer->append(chunk_of(10)); });
  EXPECT_EQ(eleventh.wait_for(seconds(0)), std::future_status::timeout);

  store->streams()->commit();

  eleventh.get();
  EXPECT_EQ(hub.peak_bytes(), 320);
}

TEST_P(StoredStreams, AProducerThatWaitsTooLongNamesItsStore) {
  StreamHub hasty(store, {.window_bytes = 32, .stall_seconds = 0.01});
  store->streams()->hold();
  const auto writer = hasty.open(numbers, label, {});
  writer->append(chunk_of(0));

  expect_error(ErrorKind::Io, "'predict' waited 0.01 s for its store",
               [&] { writer->append(chunk_of(1)); });
}

TEST_P(StoredStreams, OnlyWhatIsMissingIsStoredByTheNextRun) {
  write(5);
  StreamHub next(store);

  const auto writer = next.open(numbers, label, {});
  EXPECT_EQ(writer->stored(), 5);
  const auto reader = next.read(numbers, consumer, {});
  for (int i = 0; i < 8; ++i) writer->append(chunk_of(i));
  next.finish(numbers.id);

  EXPECT_EQ(read_all(*reader), firsts(8));
  EXPECT_EQ(store->streams()->appended, 8);
}

TEST_P(StoredStreams, ANextRunThatGivesOtherChunksIsNotPure) {
  write(5);
  StreamHub next(store);
  const auto writer = next.open(numbers, label, {});

  expect_error(ErrorKind::Internal, "chunk 0 of stream", [&] { writer->append(chunk_of(9)); });
}

TEST_P(StoredStreams, APartOfAStreamIsNotReadAsAllOfIt) {
  write(5);
  StreamHub next(store);

  expect_error(ErrorKind::Io, "the store of the run has only 5 chunks of it",
               [&] { next.read(numbers, consumer, {}); });
}

TEST_P(StoredStreams, ACompleteStreamIsReadFromTheStoreAlone) {
  write(5);
  hub.finish(numbers.id);
  StreamHub next(store);

  EXPECT_FALSE(hub.is_live(numbers.id));
  EXPECT_EQ(read_all(*next.read(numbers, consumer, {})), firsts(5));
  EXPECT_EQ(hub.held_bytes(), 0);
}

TEST_P(StoredStreams, AFullDiskFailsTheProducerAndItsRetryStoresAll) {
  const auto reader = read_after_open();
  store->streams()->fill(true);
  expect_error(ErrorKind::Io, "no space left", [&] { write(3); });
  expect_error(ErrorKind::Io, "no space left", [&] { hub.finish(numbers.id); });

  store->streams()->fill(false);
  write(4);
  hub.finish(numbers.id);

  EXPECT_EQ(read_all(*reader), firsts(4));
  EXPECT_EQ(store->streams()->appended, 4);
}

TEST_P(StoredStreams, ADamagedChunkOfALiveStreamIsMadeAnewWhileItsReaderWaits) {
  auto writer = open();
  const auto reader = read();
  for (int i = 0; i < 30; ++i) writer->append(chunk_of(i));
  store->streams()->damage(numbers.id, 7);
  auto chunks = std::async(std::launch::async, [&] { return read_all(*reader); });

  const auto append_more = [&] { for (int i = 30;; ++i) writer->append(chunk_of(i)); };
  expect_error(ErrorKind::Io, "is damaged", append_more);
  writer.reset();
  write(40000);
  hub.finish(numbers.id);

  EXPECT_EQ(chunks.get(), firsts(40000));
}

TEST_P(StoredStreams, ADamagedChunkOfACompleteStreamIsToldToItsReader) {
  write(5);
  hub.finish(numbers.id);
  store->streams()->damage(numbers.id, 2);
  const auto reader = read();
  for (int i = 0; i < 2; ++i) reader->next();

  expect_error(ErrorKind::Io, "chunk 2 is damaged", [&] { reader->next(); });
  write(5);

  EXPECT_EQ(store->streams()->appended, 8);
  EXPECT_EQ(first_of(*reader->next()), 2);
}

/// What only a hub without a store does.
class HeldStreams : public StreamHubTest {};
INSTANTIATE_TEST_SUITE_P(Stores, HeldStreams, testing::Values(false));

TEST_P(HeldStreams, TheWindowBindsOnlyWhileReadersAreAttached) {
  auto writer = open();
  for (int i = 0; i < 100; ++i) writer->append(chunk_of(i));
  const auto reader = read();
  auto next = std::async(std::launch::async, [&] { writer->append(chunk_of(100)); });
  EXPECT_EQ(next.wait_for(seconds(0)), std::future_status::timeout);

  for (int i = 0; i < 91; ++i) EXPECT_EQ(first_of(*reader->next()), i);

  next.get();
}

TEST_P(HeldStreams, AProducerThatWaitsTooLongNamesItsReader) {
  StreamHub hasty({}, {.window_bytes = 32, .stall_seconds = 0.01});
  const auto writer = hasty.open(numbers, label, {});
  const auto reader = hasty.read(numbers, consumer, {});
  writer->append(chunk_of(0));

  expect_error(ErrorKind::Communication, "'predict' waited 0.01 s for 'refine' to read",
               [&] { writer->append(chunk_of(1)); });
}

TEST(StreamHubElsewhere, IsAskedForWhatIsNotHere) {
  StreamHub here, there;
  there.open(numbers, label, {})->append(chunk_of(4));
  there.finish(numbers.id);
  here.find_elsewhere([&](const Stream& stream, const StreamLabel& reader, std::stop_token stop) {
    return there.read(stream, reader, std::move(stop));
  });

  EXPECT_THAT(read_all(*here.read(numbers, consumer, {})), ElementsAre(4));
}

/// Writers that fail and begin anew, readers that come and go, a store that is slow: whatever the
/// interleaving, every reader gets every chunk once.
TEST(StreamHubDisorder, NoReaderEverMissesAChunk) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const auto store = seed % 2 == 0 ? std::make_shared<StreamingStore>() : nullptr;
    StreamHub hub(store, {.window_bytes = 200, .stall_seconds = 20});
    auto first = hub.open(numbers, label, {});
    std::vector<std::jthread> readers;
    for (int r = 0; r < 4; ++r)
      readers.emplace_back([&, reader = hub.read(numbers, consumer, {})] {
        EXPECT_EQ(read_all(*reader), firsts(300));
        EXPECT_EQ(read_all(*hub.read(numbers, consumer, {})), firsts(300));
      });
    std::minstd_rand random(seed + 1);
    for (int attempt = 0, most = 0; most < 300; ++attempt) {
      const auto writer = attempt == 0 ? std::move(first) : hub.open(numbers, label, {});
      most = std::max<int>(most, attempt == 5 ? 300 : static_cast<int>(random() % 300));
      for (int i = 0; i < most; ++i) writer->append(chunk_of(i, 1 + i % 5));
    }
    hub.finish(numbers.id);
  }
}

}  // namespace
}  // namespace foldstream::test
