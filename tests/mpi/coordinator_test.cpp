// Coordinator, driven by hand: no threads, no clock, no transport.
#include "coordinator.hpp"
#include "test_support.hpp"

namespace foldstream::test {
namespace {

using namespace foldstream::mpi;
using testing::ElementsAre;

Message numbers(MessageKind kind, std::initializer_list<std::int32_t> values) {
  ByteWriter writer;
  for (const std::int32_t value : values) writer.number(value);
  return make_message(kind, writer);
}

/// A coordinator with greeted ranks of one thread each, and what it last granted to whom.
class Table {
 public:
  explicit Table(int ranks, CoordinatorOptions options = {}) : coordinator(ranks, options) {
    for (int rank = 0; rank < ranks; ++rank) greet(rank, "graph");
  }
  void greet(int rank, const std::string& digest) {
    ByteWriter writer;
    writer.text(digest).number(std::int32_t{1});
    say(rank, make_message(MessageKind::hello, writer));
  }
  void say(int rank, const Message& message, double now = 0) {
    coordinator.on_message(rank, message, now);
  }
  void ask(int rank, int count, double now = 0) {
    say(rank, numbers(MessageKind::request, {count}), now);
  }
  void count(int rank, int targets) {
    ByteWriter writer;
    writer.number(static_cast<std::int32_t>(targets));
    write_failure(writer, {});
    say(rank, make_message(MessageKind::counted, writer));
  }
  void end(int rank, int index) {
    ByteWriter writer;
    write_outcome(writer, {"t", index, {{State::done, ErrorKind::Task, "", 1}}});
    say(rank, make_message(MessageKind::ended, writer));
  }
  /// "0:lease(3,4) 1:cancel" of what is to be sent.
  std::string sent() {
    std::string text;
    for (const Envelope& envelope : coordinator.take_outbox())
      text += (text.empty() ? "" : " ") + std::to_string(envelope.peer) + words(envelope.message);
    return text;
  }

  Coordinator coordinator;

 private:
  static std::string words(const Message& message) {
    ByteReader reader(message.payload);
    if (message.kind == MessageKind::finish) return ":finish(" + read_failure(reader).message + ")";
    if (message.kind == MessageKind::cancel) return ":cancel";
    if (message.kind == MessageKind::outcomes) return ":outcomes";
    if (message.kind != MessageKind::lease) return ":still_here";
    const Lease lease = read_lease(reader);
    std::string text = lease.is_over ? ":over(" : ":lease(";
    for (const std::int32_t index : lease.indices) text += std::to_string(index) + ",";
    return text + ")";
  }
};

TEST(Coordinator, GrantsTheEarliestTargetsInTheOrderOfRequests) {
  Table table(2);

  table.ask(1, 2);
  table.ask(0, 1, 1);

  EXPECT_EQ(table.sent(), "1:lease(0,1,) 0:lease(2,)");
}

TEST(Coordinator, LetsAnEmptyRankAskFirstForAMoment) {
  Table table(2);
  table.ask(0, 1);
  EXPECT_EQ(table.sent(), "0:lease(0,)");

  table.ask(0, 1, 0.001);
  EXPECT_EQ(table.sent(), "");
  table.ask(1, 1, 0.002);

  EXPECT_EQ(table.sent(), "1:lease(1,) 0:lease(2,)");
}

TEST(Coordinator, DoesNotWaitForARankThatDoesNotAsk) {
  Table table(2);
  table.ask(0, 1);
  table.ask(0, 1, 0.001);
  table.sent();

  table.coordinator.tick(0.05);

  EXPECT_EQ(table.sent(), "0:lease(1,)");
}

TEST(Coordinator, GrantsAgainWhatCameBack) {
  Table table(2);
  table.ask(0, 3);
  table.sent();

  table.say(0, numbers(MessageKind::returned, {2, 1, 2}));
  table.ask(1, 3);

  EXPECT_EQ(table.sent(), "1:lease(1,2,3,)");
}

TEST(Coordinator, IgnoresAReturnOfWhatAnotherRankHolds) {
  Table table(2);
  table.ask(0, 2);
  table.ask(1, 2);
  table.sent();

  table.say(1, numbers(MessageKind::returned, {1, 0}));
  table.ask(1, 1, 1);

  EXPECT_EQ(table.sent(), "1:lease(4,)");
}

TEST(Coordinator, IsOverWhenAllCountedTargetsHaveEnded) {
  Table table(2);
  table.ask(0, 1);
  table.ask(1, 1);
  table.sent();

  table.count(1, 1);
  table.ask(1, 1);
  EXPECT_EQ(table.sent(), "");  // target 0 may still come back
  table.end(0, 0);

  EXPECT_EQ(table.sent(), "1:over()");
}

TEST(Coordinator, TellsAllOutcomesWhenAllRanksHaveLeft) {
  Table table(2);
  table.ask(0, 1);
  table.end(0, 0);
  table.sent();

  table.say(0, make_message(MessageKind::finished));
  EXPECT_EQ(table.sent(), "");
  table.say(1, make_message(MessageKind::finished));

  EXPECT_EQ(table.sent(), "0:finish() 1:outcomes 1:finish()");
  EXPECT_TRUE(table.coordinator.is_done());
}

TEST(Coordinator, CancelReachesEveryRankOnceAndStopsLeases) {
  Table table(3);

  table.say(2, make_message(MessageKind::ask_cancel));
  table.say(1, make_message(MessageKind::ask_cancel));
  EXPECT_EQ(table.sent(), "0:cancel 1:cancel 2:cancel");
  table.ask(1, 4);

  EXPECT_EQ(table.sent(), "1:over()");
}

TEST(Coordinator, RefusesRanksThatCountDifferently) {
  Table table(2);
  table.count(0, 8);
  table.count(1, 7);
  table.say(0, make_message(MessageKind::finished));
  table.say(1, make_message(MessageKind::finished));

  EXPECT_THAT(table.sent(), testing::HasSubstr("rank 1 counts 7 targets, rank 0 counts 8"));
}

TEST(Coordinator, RefusesATargetBehindTheEndOfAnotherRank) {
  Table table(2);
  table.ask(0, 3);
  table.count(1, 2);
  table.end(0, 2);
  table.say(0, make_message(MessageKind::finished));
  table.say(1, make_message(MessageKind::finished));

  EXPECT_THAT(table.sent(), testing::HasSubstr("rank 0 ran target number 2 (from 0), but rank 1"));
}

TEST(Coordinator, LosesARankThatFallsSilentAndFinishesWithoutIt) {
  Table table(2, {.silence_seconds = 10});
  table.say(0, make_message(MessageKind::alive), 9);

  table.coordinator.tick(11);
  EXPECT_THAT(table.sent(), testing::HasSubstr("0:cancel"));
  table.say(0, make_message(MessageKind::finished), 11);

  EXPECT_THAT(table.sent(), testing::StartsWith("0:finish(rank 1 has not answered for 10 s."));
}

TEST(Coordinator, NamesARankThatSendsNonsense) {
  Table table(2);

  expect_error(ErrorKind::Communication, "rank 1 sent a message that rank 0 cannot understand",
               [&] { table.say(1, make_message(MessageKind::lease)); });
}

}  // namespace
}  // namespace foldstream::test
