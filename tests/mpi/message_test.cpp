// What ranks tell each other comes out as it went in.
#include "message.hpp"
#include "test_support.hpp"

namespace foldstream::test {
namespace {

using namespace foldstream::mpi;

TEST(Message, KeepsAnOutcome) {
  TargetOutcome before{"query 1", 41, {{State::failed, ErrorKind::Parse, "line\n2", 0.25}, {}}};
  ByteWriter writer;
  write_outcome(writer, before);

  const auto bytes = writer.take();
  ByteReader reader(bytes);
  const TargetOutcome after = read_outcome(reader);

  EXPECT_EQ(after.name, "query 1");
  EXPECT_EQ(after.index, 41);
  ASSERT_EQ(after.tasks.size(), 2);
  EXPECT_EQ(after.tasks[0].kind, ErrorKind::Parse);
  EXPECT_EQ(after.tasks[0].message, "line\n2");
  EXPECT_EQ(after.tasks[0].seconds, 0.25);
  EXPECT_EQ(after.tasks[1].state, State::waiting);
}

TEST(Message, KeepsAnEvent) {
  Event before{Event::What::task_progress, 3, "t", "predict", 1.5, 2, 4, 0.75, "step 7", {}};
  ByteWriter writer;
  write_event(writer, before);

  const auto bytes = writer.take();
  ByteReader reader(bytes);
  const Event after = read_event(reader);

  EXPECT_EQ(after.what, Event::What::task_progress);
  EXPECT_EQ(after.target_index, 3);
  EXPECT_EQ(after.task, "predict");
  EXPECT_EQ(after.time, 1.5);
  EXPECT_EQ(after.rank, 2);
  EXPECT_EQ(after.threads, 4);
  EXPECT_EQ(after.fraction, 0.75);
  EXPECT_EQ(after.text, "step 7");
}

TEST(Message, KeepsALease) {
  ByteWriter writer;
  const Outcome done{State::done, ErrorKind::Task, "", 1, Key{1, 2}};
  write_lease(writer, {false, true, 2.5, 7, 1, {{{7, 0}, {}}, {{9, 1}, {{3, {0, done}}}}}});

  const auto bytes = writer.take();
  ByteReader reader(bytes);
  const Lease after = read_lease(reader);

  EXPECT_FALSE(after.is_over);
  EXPECT_TRUE(after.wants_events);
  EXPECT_EQ(after.time, 2.5);
  EXPECT_EQ(after.floor, 7);
  ASSERT_EQ(after.pieces.size(), 2);
  EXPECT_EQ(after.pieces[1].piece, (Piece{9, 1}));
  EXPECT_EQ(after.pieces[1].known.at(0).rank, 3);
  EXPECT_EQ(after.pieces[1].known.at(0).earlier.outcome.key, (Key{1, 2}));
}

TEST(Message, RefusesOneThatIsCutShort) {
  ByteWriter writer;
  write_outcome(writer, {"query", 1, {{}, {}}});
  const auto whole = writer.take();

  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::byte> part(whole.begin(), whole.begin() + static_cast<long>(size));
    ByteReader reader(part);
    expect_error(ErrorKind::Communication, "cut short", [&] { read_outcome(reader); });
  }
}

}  // namespace
}  // namespace foldstream::test
