// Worker, driven by hand: no threads, no clock, no transport.
#include "test_support.hpp"
#include "worker.hpp"

namespace foldstream::test {
namespace {

using namespace foldstream::mpi;
using Turn = Worker::Turn;

Worker worker(int threads = 1) { return {1, {threads, 16, 900, 120}, "digest"}; }

Message lease(std::vector<std::int32_t> indices, bool is_over = false) {
  Lease lease{is_over, true, 0, 0, 0, {}};
  for (const std::int32_t index : indices) lease.pieces.push_back({{index, 0}, {}});
  ByteWriter writer;
  write_lease(writer, lease);
  return make_message(MessageKind::lease, writer);
}

std::vector<MessageKind> kinds(Worker& worker) {
  std::vector<MessageKind> kinds;
  for (const Message& message : worker.take_outbox()) kinds.push_back(message.kind);
  return kinds;
}

EndedPiece good(int index) {
  return {{index, 0}, false, "t", {{0, {State::done, ErrorKind::Task, "", 1}}}};
}

TEST(Worker, GreetsThenAsksOnce) {
  Worker made = worker();

  EXPECT_EQ(made.take(0).turn, Turn::wait);
  EXPECT_EQ(made.take(0).turn, Turn::wait);

  EXPECT_THAT(kinds(made), testing::ElementsAre(MessageKind::hello, MessageKind::request));
}

TEST(Worker, DoesNotAskForMoreThanItsThreadsCanRun) {
  Worker made = worker(1);
  made.take(0);
  made.on_message(lease({4}), 0);
  kinds(made);

  EXPECT_EQ(made.take(0).leased.piece.target, 4);
  EXPECT_EQ(made.take(0).turn, Turn::wait);
  EXPECT_TRUE(kinds(made).empty());
  made.end_piece(good(4), 10);
  made.take(10);
  EXPECT_THAT(kinds(made), testing::ElementsAre(MessageKind::ended, MessageKind::request));
}

TEST(Worker, AsksForMoreOnceTargetsTurnOutQuick) {
  Worker made = worker(1);
  int asked = 0;
  for (int i = 0; i < 60; ++i) {
    made.take(i * 1e-4);
    for (const Message& message : made.take_outbox())
      if (message.kind == MessageKind::request) asked = ByteReader(message.payload).number<int>();
    made.on_message(lease({i}), i * 1e-4);
    made.take(i * 1e-4);
    made.end_piece(good(i), i * 1e-4);
  }

  EXPECT_EQ(asked, 16);
}

TEST(Worker, GivesBackALeaseThatItDoesNotGetTo) {
  Worker made = worker(1);
  made.take(0);
  made.on_message(lease({1, 2, 3}), 0);
  EXPECT_EQ(made.take(0).leased.piece.target, 1);
  kinds(made);

  made.tick(0.01);
  EXPECT_TRUE(kinds(made).empty());
  made.tick(0.06);

  EXPECT_THAT(kinds(made), testing::ElementsAre(MessageKind::returned));
  EXPECT_EQ(made.take(0.06).turn, Turn::wait);
}

TEST(Worker, GivesBackTheLastOfItsLeaseWhenItIsCalledBack) {
  Worker made = worker(1);
  made.take(0);
  made.on_message(lease({1, 2, 3}), 0);
  kinds(made);
  ByteWriter writer;
  writer.number(std::int32_t{2});

  made.on_message(make_message(MessageKind::recall, writer), 0);

  EXPECT_THAT(kinds(made), testing::ElementsAre(MessageKind::returned));
  EXPECT_EQ(made.take(0).leased.piece.target, 1);
}

TEST(Worker, TellsANewCoordinatorWhatItHoldsAndWhatHasEnded) {
  Worker made = worker(2);
  made.take(0);
  made.on_message(lease({1, 2, 3}), 0);
  made.take(0);
  made.take(0);
  made.end_piece(good(1), 1);
  made.take_outbox();

  made.greet_anew(1, 2);
  const auto sent = made.take_outbox();

  ASSERT_EQ(sent.size(), 1);
  ByteReader reader(sent[0].payload);
  const Hello hello = read_hello(reader);
  EXPECT_THAT(hello.held, testing::ElementsAre(Piece{3, 0}, Piece{2, 0}));
  ASSERT_EQ(hello.ended.size(), 1);
  EXPECT_EQ(hello.ended[0].piece, (Piece{1, 0}));
}

TEST(Worker, EndsWhenTheCoordinatorHasNoMore) {
  Worker made = worker();
  made.take(0);

  made.on_message(lease({}, true), 0);

  EXPECT_EQ(made.take(0).turn, Turn::end);
  EXPECT_TRUE(made.is_closed());
}

TEST(Worker, SaysNothingAfterItHasLeft) {
  Worker made = worker();
  made.on_message(make_message(MessageKind::cancel), 0);
  made.finish();
  kinds(made);

  made.cancel();
  made.tick(100);

  EXPECT_TRUE(kinds(made).empty());
}

TEST(Worker, GivesUpASilentCoordinator) {
  Worker made = worker();
  made.on_message(make_message(MessageKind::still_here), 5);

  made.tick(124);
  EXPECT_FALSE(made.is_finished());
  made.tick(126);

  EXPECT_TRUE(made.is_finished());
  EXPECT_THAT(made.failure().message,
              testing::HasSubstr("rank 1 has heard nothing from rank 0 for 120 s"));
}

TEST(Worker, RefusesAMessageThatIsNotForIt) {
  Worker made = worker();

  expect_error(ErrorKind::Communication, "rank 1 got a message from rank 0",
               [&] { made.on_message(make_message(MessageKind::hello), 0); });
}

}  // namespace
}  // namespace foldstream::test
