// Group commit: soon, together, and a failure reaches whoever comes next.
#include "group_commit.hpp"
#include "test_support.hpp"

#include <future>

namespace foldstream::io {
namespace {

using namespace std::chrono_literals;
using test::expect_error;

constexpr GroupCommit::Pace never{std::chrono::hours(1), std::uint64_t{1} << 40};

TEST(GroupCommit, CommitsSoonWithoutBeingAsked) {
  std::promise<void> committed;
  GroupCommit commit([&] { committed.set_value(); }, {1ms, never.bytes});

  commit.note(1);

  EXPECT_EQ(committed.get_future().wait_for(30s), std::future_status::ready);
}

TEST(GroupCommit, CommitsAtOnceWhenMuchWaits) {
  std::promise<void> committed;
  GroupCommit commit([&] { committed.set_value(); }, {never.interval, 100});

  commit.note(60);
  commit.note(60);

  EXPECT_EQ(committed.get_future().wait_for(30s), std::future_status::ready);
}

TEST(GroupCommit, CommitsOnDemandOnlyWhatWaits) {
  int count = 0;
  GroupCommit commit([&] { ++count; }, never);

  commit.now();
  EXPECT_EQ(count, 0);
  commit.note(0);
  commit.note(5);
  commit.now();
  commit.now();

  EXPECT_EQ(count, 1);
}

TEST(GroupCommit, TellsTheNextOneOfAFailureOnce) {
  std::promise<void> tried;
  GroupCommit commit(
      [&] {
        tried.set_value();
        throw Error(ErrorKind::Io, "the disk is gone");
      },
      {1ms, never.bytes});
  commit.note(1);
  ASSERT_EQ(tried.get_future().wait_for(30s), std::future_status::ready);

  expect_error(ErrorKind::Io, "the disk is gone", [&] { commit.now(); });

  commit.check();
  commit.now();
}

TEST(GroupCommit, EndsAtOnceThoughSomethingWaits) {
  int count = 0;
  {
    GroupCommit([&] { ++count; }, never).note(1);
  }

  EXPECT_EQ(count, 0);
}

}  // namespace
}  // namespace foldstream::io
