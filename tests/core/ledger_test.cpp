// The ledger: who comes first, how often others may pass, and what is refused.
#include "ledger.hpp"
#include "test_support.hpp"

namespace foldstream {
namespace {

using test::expect_error;

Request of_bytes(std::uint64_t bytes) {
  Request request;
  request.bytes = bytes;
  return request;
}

/// A stream of requests for 25 of 100 bytes, two of which are held when one for all of them comes.
class Stream {
 public:
  explicit Stream(Arena of_large) {
    for (int i = 1; i <= 2; ++i) {
      ledger_.enqueue({nullptr, nullptr, i}, {}, of_bytes(25));
      held_.push_back(ledger_.next(Arena::work)->grant);
    }
    Request large = of_bytes(100);
    large.arena = of_large;
    ledger_.enqueue({nullptr, nullptr, 0}, {}, large);
  }

  /// How many small ones are granted before the large one, if each is held for a while.
  int count_before_the_large_one() {
    int count = 0;
    for (int i = 3; i < 1000 && !held_.empty(); ++i) {
      ledger_.enqueue({nullptr, nullptr, i}, {}, of_bytes(25));
      for (const Arena arena : {Arena::work, Arena::io})
        while (const auto granted = ledger_.next(arena)) {
          if (granted->work.task == 0) return count;
          held_.push_back(granted->grant);
          ++count;
        }
      ledger_.release(held_.front());
      held_.erase(held_.begin());
    }
    return ledger_.next(Arena::work) || ledger_.next(Arena::io) ? count : 1000;
  }

 private:
  Ledger ledger_{{.threads = 4, .memory_bytes = 100, .io_threads = 1}};
  std::vector<Grant> held_;
};

TEST(Ledger, ARequestForAllMemoryIsPassedByAFewOnly) {
  for (const Arena arena : {Arena::work, Arena::io})
    EXPECT_LE(Stream(arena).count_before_the_large_one(), Ledger::patience + 2);
}

TEST(Ledger, TwoThatWerePassedTooOftenDoNotWaitForEachOther) {
  Ledger ledger({.threads = 3, .memory_bytes = 100, .io_threads = 1});
  ledger.enqueue({}, {}, of_bytes(50));
  const Grant held = ledger.next(Arena::work)->grant;
  Request all = of_bytes(100);
  ledger.enqueue({}, {}, all);
  all.arena = Arena::io;
  ledger.enqueue({}, {}, all);
  for (int i = 0; i < 2 * Ledger::patience; ++i) {
    ledger.enqueue({}, {}, of_bytes(1));
    if (const auto granted = ledger.next(Arena::work)) ledger.release(granted->grant);
  }

  ledger.release(held);

  EXPECT_TRUE(ledger.next(Arena::work) || ledger.next(Arena::io));
}

TEST(Ledger, AnImportantStreamDoesNotHoldUpTheRestForEver) {
  Ledger ledger({.threads = 1});
  Priority important;
  important.user = -1;
  ledger.enqueue({nullptr, nullptr, 0}, {}, {});
  int granted = -1;
  int count = 0;

  while (granted != 0 && count < 10'000) {
    ledger.enqueue({nullptr, nullptr, ++count}, important, {});
    const auto next = ledger.next(Arena::work);
    granted = next->work.task;
    ledger.release(next->grant);
  }

  EXPECT_EQ(granted, 0);
  EXPECT_LE(count, 4096);
}

TEST(Ledger, GoesByPriorityAndThenByArrival) {
  Ledger ledger({.threads = 4});
  const std::vector<int> users = {0, 1, -1, 0};
  for (int i = 0; i < 4; ++i)
    ledger.enqueue({nullptr, nullptr, i}, {.user = users[static_cast<std::size_t>(i)]}, {});
  std::vector<int> order;

  while (const auto granted = ledger.next(Arena::work)) order.push_back(granted->work.task);

  EXPECT_THAT(order, testing::ElementsAre(2, 0, 3, 1));
}

TEST(Ledger, SharesItsFreeThreadsAmongThoseThatWait) {
  Ledger ledger({.threads = 8});
  Request wide;
  wide.max_threads = 6;
  for (int i = 0; i < 2; ++i) ledger.enqueue({nullptr, nullptr, i}, {}, wide);

  EXPECT_EQ(ledger.next(Arena::work)->grant.threads, 4);
  EXPECT_EQ(ledger.next(Arena::work)->grant.threads, 4);
  EXPECT_EQ(ledger.shortage(wide), "threads");
}

/// A request for a device, and what the ledger grants.
struct OnDevice {
  OnDevice(std::string kind, std::uint64_t bytes) {
    needs.device = std::move(kind);
    request.device_bytes = bytes;
    request.needs = &needs;
  }
  OnDevice(const OnDevice&) = delete;
  int grant(Ledger& ledger) const {
    ledger.enqueue({}, {}, request);
    const auto granted = ledger.next(Arena::work);
    return granted ? granted->grant.device : -1;
  }
  Needs needs;
  Request request;
};

TEST(Ledger, ADeviceAskedForWithoutBytesIsGrantedWhole) {
  Ledger ledger({.threads = 8, .devices = {{"cuda", "cuda:0", 80}}});
  const OnDevice whole("cuda", 0);
  const OnDevice part("any", 10);

  EXPECT_EQ(whole.grant(ledger), 0);
  EXPECT_EQ(ledger.shortage(part.request), "a device");
  ledger.release({1, 0, whole.request});
  EXPECT_EQ(part.grant(ledger), 0);
  EXPECT_EQ(ledger.shortage(whole.request), "a device");
}

TEST(Ledger, TwoTasksShareADeviceIfTheyFit) {
  Ledger ledger({.threads = 8, .devices = {{"cuda", "cuda:0", 80}, {"npu", "npu:0", 10}}});
  const OnDevice half("cuda", 40);

  EXPECT_EQ(half.grant(ledger), 0);
  EXPECT_EQ(half.grant(ledger), 0);
  EXPECT_EQ(half.grant(ledger), -1);
}

TEST(Ledger, TakesTheDeviceThatIsLeastBusy) {
  Ledger ledger({.threads = 8, .devices = {{"cuda", "cuda:0", 80}, {"cuda", "cuda:1", 80}}});
  const OnDevice one("cuda", 30);

  EXPECT_EQ(one.grant(ledger), 0);
  EXPECT_EQ(one.grant(ledger), 1);
}

void expect_refusal(const Ledger& ledger, const Request& request, const std::string& words) {
  expect_error(ErrorKind::Resources, words, [&] { ledger.check_possible("t", request); });
}

TEST(Ledger, RefusesMoreMemoryThanThereIs) {
  const Ledger ledger({.memory_bytes = 1'000'000'000, .scratch_bytes = 5'000'000});
  Request scratch;
  scratch.scratch_bytes = 6'000'000;

  expect_refusal(ledger, of_bytes(2'000'000'000),
                 "task 't' needs 2.0 GB; this run may use 1.0 GB.");
  expect_refusal(ledger, scratch, "needs 6.0 MB of scratch space; this run may use 5.0 MB.");
}

TEST(Ledger, WhatIsHeldIsNotThere) {
  Ledger ledger({.memory_bytes = 1'000'000'000});

  ledger.hold(500'000'000);

  EXPECT_EQ(ledger.shortage(of_bytes(600'000'000)), "memory");
  EXPECT_EQ(ledger.shortage(of_bytes(500'000'000)), "");
  expect_refusal(ledger, of_bytes(600'000'000),
                 "task 't' needs 600.0 MB besides 500.0 MB that tasks keep; this run may use 1.0 GB.");
  ledger.drop(500'000'000);
  EXPECT_EQ(ledger.shortage(of_bytes(1'000'000'000)), "");
  ledger.check_possible("t", of_bytes(1'000'000'000));
}

TEST(Ledger, RefusesMoreTokensThanThereAre) {
  const Ledger ledger({.tokens = {{"licence", 1}}});
  const Needs two{.tokens = {{"licence", 2}}};
  const Needs other{.tokens = {{"seat", 1}}};
  Request request;
  request.needs = &two;

  expect_refusal(ledger, request, "needs 2 of 'licence'; this run may use 1.");
  request.needs = &other;
  expect_refusal(ledger, request, "needs 1 of 'seat'; this run may use 0.");
}

TEST(Ledger, RefusesDevicesThatAreNotThereOrTooSmall) {
  const Ledger ledger({.devices = {{"cuda", "cuda:0", 4'000'000'000}}});
  const OnDevice other("npu", 0);
  const OnDevice large("any", 5'000'000'000);

  expect_refusal(ledger, other.request, "needs a device of kind 'npu'; this run may use none.");
  expect_refusal(ledger, large.request, "needs 5.0 GB on one device; this run may use 4.0 GB.");
}

TEST(Ledger, LetsAThreadGoOnPastThoseThatWaitAFewTimes) {
  Ledger ledger({.threads = 1});
  for (int i = 0; i < 2; ++i) ledger.enqueue({}, {}, {});
  ledger.next(Arena::work);
  int followed = 0;

  while (followed < 100 && ledger.follow(Arena::work)) ++followed;

  EXPECT_EQ(followed, Ledger::patience);
}

TEST(Ledger, LetsAThreadGoOnForEverIfNobodyWaits) {
  Ledger ledger({.threads = 1});
  ledger.enqueue({}, {}, {});
  ledger.next(Arena::work);

  for (int i = 0; i < 100; ++i) EXPECT_TRUE(ledger.follow(Arena::work));
}

}  // namespace
}  // namespace foldstream
