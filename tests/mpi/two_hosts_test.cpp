// Ranks on two hosts that lose a rank, their cable, or a host. Skipped where two_hosts.sh cannot
// make hosts.
#include "mpi/survivors.hpp"

namespace foldstream::test {
namespace {

constexpr int cannot = 77;
/// Five seconds, and what it takes to see that it is time and to cut the cable.
constexpr double with_cutting = 7;

Ended on_two_hosts(const std::string& seconds, const std::string& words) {
  return run_command("FOLDSTREAM_SURVIVE=1 FOLDSTREAM_TWO_HOSTS_SECONDS=" + seconds +
                     " " FOLDSTREAM_SOURCE_DIR "/tests/mpi/two_hosts.sh run " + words);
}

/// The survivor, whose words each rank also keeps in a file, for want of a cable.
std::string survivor_with_files(const TemporaryFolder& folder) {
  return " 4 sh -c '" FOLDSTREAM_SURVIVOR " -1 kill 120 | tee " + folder.path().string() +
         "/$OMPI_COMM_WORLD_RANK'";
}

TEST(TwoHosts, TheOthersGoOnWhenARankIsKilled) {
  const Ended ended = on_two_hosts("60", "4 " FOLDSTREAM_SURVIVOR " 3 kill 120");
  if (ended.code == cannot) GTEST_SKIP() << ended.text;

  expect_survivors(ended, 3, 5);
}

TEST(TwoHosts, AHostWithoutItsCableIsLostInFiveSecondsAndKnowsIt) {
  const TemporaryFolder folder;
  const Ended ended =
      on_two_hosts("60", "--cut-at 'all ranks are ready'" + survivor_with_files(folder));
  if (ended.code == cannot) GTEST_SKIP() << ended.text;

  EXPECT_NE(ended.code, 124) << "some rank did not end: " << ended.text;
  for (int rank = 0; rank < 2; ++rank)
    expect_loss(read_text(folder.path() / std::to_string(rank)), rank, "2 3", with_cutting);
  for (const std::string rank : {"2", "3"})
    EXPECT_THAT(read_text(folder.path() / rank), testing::HasSubstr("hears nothing from most"));
}

TEST(TwoHosts, TheJobEndsWhenAllOfAHostIsKilled) {
  const TemporaryFolder folder;
  const Ended ended =
      on_two_hosts("60", "--kill-at 'all ranks are ready'" + survivor_with_files(folder));
  if (ended.code == cannot) GTEST_SKIP() << ended.text;

  EXPECT_NE(ended.code, 0);
  EXPECT_NE(ended.code, 124) << "the job did not end: " << ended.text;
}

}  // namespace
}  // namespace foldstream::test
