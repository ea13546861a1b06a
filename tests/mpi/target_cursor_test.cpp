// TargetCursor gives targets by position and keeps what may be asked for later.
#include "target_cursor.hpp"
#include "test_support.hpp"

namespace foldstream::test {
namespace {

TargetSource letters(int count) {
  return [count, next = 0]() mutable -> std::optional<Target> {
    if (next == count) return std::nullopt;
    Target target;
    target.name = std::string(1, static_cast<char>('a' + next++));
    return target;
  };
}

TEST(TargetCursor, GivesTargetsByPosition) {
  mpi::TargetCursor cursor(letters(3), false);

  EXPECT_EQ(cursor.at(1, 0)->name, "b");
  EXPECT_EQ(cursor.at(0, 0)->name, "a");
  EXPECT_EQ(cursor.at(2, 0)->index, 2);
}

TEST(TargetCursor, CountsAtTheEnd) {
  mpi::TargetCursor cursor(letters(3), false);

  EXPECT_FALSE(cursor.at(7, 0));

  EXPECT_EQ(cursor.count(), 3);
  EXPECT_EQ(cursor.at(1, 0)->name, "b");
}

TEST(TargetCursor, ForgetsWhatNobodyMayBeGranted) {
  mpi::TargetCursor cursor(letters(9), false);

  cursor.at(5, 4);

  EXPECT_FALSE(cursor.at(3, 0));
  EXPECT_EQ(cursor.at(4, 0)->name, "e");
}

TEST(TargetCursor, KeepsAllIfAsked) {
  mpi::TargetCursor cursor(letters(9), true);

  cursor.at(5, 4);
  cursor.read_through();

  EXPECT_EQ(cursor.kept(3)->name, "d");
  EXPECT_EQ(cursor.kept(5)->name, "f");
  EXPECT_EQ(cursor.kept(8)->name, "i");
}

TEST(TargetCursor, NeverAsksASourceAgainThatThrew) {
  int calls = 0;
  mpi::TargetCursor cursor(
      [&]() -> std::optional<Target> {
        ++calls;
        throw std::runtime_error("broken");
      },
      true);

  EXPECT_ANY_THROW(cursor.at(0, 0));
  EXPECT_FALSE(cursor.at(0, 0));

  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace foldstream::test
