// The others of four ranks go on when one is lost, and the job ends.
#include "test_support.hpp"

#include <sys/wait.h>

#include <chrono>
#include <regex>

namespace foldstream::test {
namespace {

struct Ended {
  int code;
  std::string text;
};

/// Four ranks, of which `victim` is lost. A job that does not end by itself within a minute is
/// ended: its code is then 124.
Ended survive(int victim, const std::string& how, const std::string& silence = "120") {
  const std::string command = "FOLDSTREAM_SURVIVE=1 timeout 60 " FOLDSTREAM_SOURCE_DIR
                              "/tests/mpi/launch.sh 4 " FOLDSTREAM_SURVIVOR " " +
                              std::to_string(victim) + " " + how + " " + silence + " 2>&1";
  FILE* output = popen(command.c_str(), "r");
  std::string text;
  char bytes[512];
  for (std::size_t got = 0; (got = fread(bytes, 1, sizeof bytes, output)) > 0;)
    text.append(bytes, got);
  const int status = pclose(output);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

/// Each survivor says in `seconds` that only the victim was lost, and reaches the two others.
void expect_survivors(const Ended& ended, int victim, double seconds) {
  EXPECT_NE(ended.code, 124) << "the job did not end";
  for (int rank = 0; rank < 4; ++rank) {
    if (rank == victim) continue;
    const std::string name = "rank " + std::to_string(rank);
    std::smatch found;
    const std::regex loss(name + " lost " + std::to_string(victim) + " after ([^ ]+) s\n");
    ASSERT_TRUE(std::regex_search(ended.text, found, loss)) << ended.text;
    EXPECT_LE(std::stod(found[1]), seconds);
    EXPECT_THAT(ended.text, testing::HasSubstr(name + " exchanged 1 MiB with each of 2\n"));
  }
}

TEST(Survival, TheOthersGoOnWhenARankIsKilled) { expect_survivors(survive(2, "kill"), 2, 1); }

TEST(Survival, TheOthersGoOnWhenTheFirstRankIsKilled) {
  expect_survivors(survive(0, "kill"), 0, 1);
}

TEST(Survival, TheOthersGoOnWhenARankEndsByItself) { expect_survivors(survive(1, "exit"), 1, 1); }

TEST(Survival, TheOthersGoOnWhenARankStandsStill) {
  expect_survivors(survive(3, "stop", "1"), 3, 2.5);
}

}  // namespace
}  // namespace foldstream::test
