// Heartbeats between nodes, as datagrams.
#include "heartbeat.hpp"
#include "test_support.hpp"

namespace foldstream::test {
namespace {

using mpi::Standing;

TEST(Heartbeat, ComesBackAsItWas) {
  const mpi::Heartbeat heartbeat{
      4, {Standing::alive, Standing::left, Standing::lost, Standing::alive, Standing::lost}};

  const auto back = mpi::parse_heartbeat("job", 5, mpi::format_heartbeat("job", heartbeat));

  ASSERT_TRUE(back);
  EXPECT_EQ(back->rank, 4);
  EXPECT_EQ(back->standings, heartbeat.standings);
}

TEST(Heartbeat, OfAnotherJobIsNone) {
  const std::string bytes = mpi::format_heartbeat("job", {0, {Standing::alive, Standing::alive}});

  EXPECT_FALSE(mpi::parse_heartbeat("bus", 2, bytes));
  EXPECT_FALSE(mpi::parse_heartbeat("job", 5, bytes));
  EXPECT_FALSE(mpi::parse_heartbeat("job", 2, bytes.substr(1)));
  EXPECT_FALSE(mpi::parse_heartbeat("job", 2, ""));
}

TEST(Heartbeat, WithARankOrAStandingThatIsNoneIsNone) {
  const std::string bytes = mpi::format_heartbeat("job", {0, {Standing::alive, Standing::alive}});
  std::string rank = bytes;
  rank[3] = 2;
  std::string standing = bytes;
  standing.back() = 3;

  EXPECT_FALSE(mpi::parse_heartbeat("job", 2, rank));
  EXPECT_FALSE(mpi::parse_heartbeat("job", 2, standing));
}

}  // namespace
}  // namespace foldstream::test
