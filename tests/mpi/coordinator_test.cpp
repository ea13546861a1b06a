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

/// Pieces that a rank gives back.
Message returned(std::vector<Piece> pieces) {
  ByteWriter writer;
  writer.number(static_cast<std::int32_t>(pieces.size()));
  for (const Piece& piece : pieces) write_piece(writer, piece);
  return make_message(MessageKind::returned, writer);
}

/// "search" feeds "predict": two parts of one task.
std::vector<Part> two_parts(bool by_stream = false) {
  Part search{"search", {}, {0}, {}, {}};
  Part predict{"predict", {}, {1}, {{0, {}}}, {0}};
  if (by_stream) predict.needs[0].streams = {{0, "rows"}};
  return {search, predict};
}

/// One rank for each role.
CoordinatorOptions two_roles(bool by_stream = false) {
  CoordinatorOptions options;
  options.parts = two_parts(by_stream);
  options.facts = {{{"search"}, {}, 1}, {{"predict"}, {}, 1}};
  return options;
}

Hello hello() {
  Hello hello;
  hello.digest = "graph";
  return hello;
}

/// A coordinator with greeted ranks of one thread each, and what it last granted to whom.
class Table {
 public:
  explicit Table(int ranks, CoordinatorOptions options = {}) : coordinator(ranks, options) {
    if (options.takes_over) return;
    for (int rank = 0; rank < ranks; ++rank) greet(rank, hello());
  }
  void greet(int rank, const Hello& hello) {
    ByteWriter writer;
    write_hello(writer, hello);
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
  void end(int rank, Piece piece, State state = State::done, bool is_void = false) {
    ByteWriter writer;
    write_ended(writer, {piece, is_void, "t", {{piece.part, {state, ErrorKind::Task, "", 1}}}});
    say(rank, make_message(MessageKind::ended, writer));
  }
  void open(int rank, Piece piece, const std::string& port) {
    ByteWriter writer;
    write_piece(writer, piece);
    write_opened(writer, {piece.part, port, {{1, 2}, {}}, {3, 4}});
    say(rank, make_message(MessageKind::opened, writer));
  }
  /// "0:lease(3,4) 1:cancel" of what is to be sent; of a later part, "3p1".
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
    if (message.kind == MessageKind::release) return ":release";
    if (message.kind == MessageKind::recall)
      return ":recall(" + std::to_string(reader.number<std::int32_t>()) + ")";
    if (message.kind != MessageKind::lease) return ":still_here";
    const Lease lease = read_lease(reader);
    std::string text = lease.is_over ? ":over(" : ":lease(";
    for (const LeasedPiece& leased : lease.pieces) {
      text += std::to_string(leased.piece.target);
      if (leased.piece.part > 0) text += "p" + std::to_string(leased.piece.part);
      text += ",";
    }
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

  table.say(0, returned({{1, 0}, {2, 0}}));
  table.ask(1, 3);

  EXPECT_EQ(table.sent(), "1:lease(1,2,3,)");
}

TEST(Coordinator, IgnoresAReturnOfWhatAnotherRankHolds) {
  Table table(2);
  table.ask(0, 2);
  table.ask(1, 2);
  table.sent();

  table.say(1, returned({{0, 0}}));
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
  table.end(0, {0, 0});

  EXPECT_EQ(table.sent(), "1:over()");
}

TEST(Coordinator, TellsAllOutcomesWhenAllRanksHaveLeft) {
  Table table(2);
  table.ask(0, 1);
  table.end(0, {0, 0});
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
  table.end(0, {2, 0});
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

TEST(Coordinator, CallsBackWhatABusyRankHasNotBegunWhenAnotherIsIdle) {
  Table table(2);
  table.ask(0, 5);
  table.count(0, 5);
  table.sent();

  table.ask(1, 1, 1);

  EXPECT_EQ(table.sent(), "0:recall(2)");
  table.say(0, returned({{4, 0}, {3, 0}}), 1);
  EXPECT_EQ(table.sent(), "1:lease(3,)");
}

TEST(Coordinator, GivesEachPartToARankOfItsRole) {
  Table table(2, two_roles());
  table.ask(0, 2);
  table.ask(1, 2);
  EXPECT_EQ(table.sent(), "0:lease(0,1,)");

  table.end(0, {1, 0});

  EXPECT_EQ(table.sent(), "1:lease(1p1,)");
}

TEST(Coordinator, TellsALaterPartHowThePartsBeforeItEndedAndWhere) {
  Table table(2, two_roles());
  table.ask(0, 1);
  table.end(0, {0, 0}, State::failed);
  table.sent();

  table.ask(1, 1);
  const auto sent = table.coordinator.take_outbox();

  ASSERT_EQ(sent.size(), 1);
  ByteReader reader(sent[0].message.payload);
  const Lease lease = read_lease(reader);
  ASSERT_EQ(lease.pieces.at(0).known.size(), 1);
  EXPECT_EQ(lease.pieces[0].known[0].rank, 0);
  EXPECT_EQ(lease.pieces[0].known[0].earlier.outcome.state, State::failed);
}

TEST(Coordinator, LetsTheSearchRunAheadOnlySoFar) {
  CoordinatorOptions options = two_roles();
  options.run_ahead = 3;
  Table table(2, options);
  table.ask(0, 16);
  EXPECT_EQ(table.sent(), "0:lease(0,1,2,)");
  table.end(0, {0, 0});
  table.ask(0, 16);
  EXPECT_EQ(table.sent(), "");

  table.ask(1, 1);
  table.end(1, {0, 1});

  EXPECT_EQ(table.sent(), "1:lease(0p1,) 0:release 1:release 0:lease(3,)");
}

TEST(Coordinator, BeginsAReaderWhenItsStreamHasBegun) {
  Table table(2, two_roles(true));
  table.ask(0, 1);
  table.ask(1, 1);
  EXPECT_EQ(table.sent(), "0:lease(0,)");

  table.open(0, {0, 0}, "rows");

  EXPECT_EQ(table.sent(), "1:lease(0p1,)");
}

TEST(Coordinator, GivesWhatALostRankHeldToAnother) {
  Table table(2);
  table.ask(1, 2);
  table.ask(0, 1);
  table.sent();

  table.coordinator.on_lost(1, 1);
  table.end(0, {2, 0});
  table.ask(0, 2, 1);

  EXPECT_EQ(table.sent(), "0:lease(0,1,)");
}

TEST(Coordinator, BeginsReadersOfALostStreamAgain) {
  Table table(3, [] {
    CoordinatorOptions options = two_roles(true);
    options.facts.push_back({{"search"}, {}, 1});
    return options;
  }());
  table.ask(0, 1);
  table.open(0, {0, 0}, "rows");
  table.ask(1, 1);
  table.count(2, 1);
  EXPECT_EQ(table.sent(), "0:lease(0,) 1:lease(0p1,)");

  table.coordinator.on_lost(0, 1);
  table.end(1, {0, 1}, State::failed);
  table.ask(1, 1, 1);
  table.ask(2, 1, 1);
  table.open(2, {0, 0}, "rows");

  EXPECT_EQ(table.sent(), "2:lease(0,) 1:lease(0p1,)");
}

TEST(Coordinator, UsesAnyRankForARoleThatNoneIsLeftFor) {
  Table table(2, two_roles());
  table.ask(0, 1);
  table.end(0, {0, 0});
  table.count(0, 1);
  table.sent();

  table.coordinator.on_lost(1, 1);
  table.ask(0, 1, 1);

  EXPECT_EQ(table.sent(), "0:lease(0p1,)");
}

TEST(Coordinator, TakesOverWithWhatTheOthersKnow) {
  CoordinatorOptions options;
  options.takes_over = true;
  options.lost = {0};
  options.rank = 1;
  Table table(3, options);
  Hello holds = hello(), knows = hello();
  holds.held = {{4, 0}};
  knows.count = 6;
  knows.ended = {{{1, 0}, false, "t", {{0, {State::done, ErrorKind::Task, "", 1}}}}};

  table.greet(1, holds);
  table.ask(1, 9);
  EXPECT_EQ(table.sent(), "");  // rank 2 has not greeted
  table.greet(2, knows);

  EXPECT_EQ(table.sent(), "1:lease(0,2,3,5,)");
  EXPECT_EQ(table.coordinator.ended().count(1), 1);
}

TEST(Coordinator, TakesOverWhyARankCannotGoOn) {
  CoordinatorOptions options;
  options.takes_over = true;
  options.lost = {0};
  options.rank = 1;
  Table table(2, options);
  Hello failed = hello();
  failed.is_cancelled = true;
  failed.failure = {ErrorKind::Io, "no disk."};

  table.greet(1, failed);
  table.say(1, make_message(MessageKind::finished));

  EXPECT_THAT(table.sent(), testing::HasSubstr("1:finish(no disk.)"));
}

TEST(Coordinator, NamesARankThatSendsNonsense) {
  Table table(2);

  expect_error(ErrorKind::Communication, "rank 1 sent a message that rank 0 cannot understand",
               [&] { table.say(1, make_message(MessageKind::lease)); });
}

}  // namespace
}  // namespace foldstream::test
