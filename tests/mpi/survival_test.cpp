// The others of four ranks go on when one is lost, and the job ends.
#include "mpi/survivors.hpp"

namespace foldstream::test {
namespace {

/// Four ranks, of which `victim` is lost. A job that does not end by itself within a minute is
/// ended: its code is then 124.
Ended survive(int victim, const std::string& how, const std::string& silence = "120") {
  return run_command("FOLDSTREAM_SURVIVE=1 timeout 60 " FOLDSTREAM_SOURCE_DIR
                     "/tests/mpi/launch.sh 4 " FOLDSTREAM_SURVIVOR " " +
                     std::to_string(victim) + " " + how + " " + silence);
}

TEST(Survival, TheOthersGoOnWhenARankIsKilled) { expect_survivors(survive(2, "kill"), 2, 5); }

TEST(Survival, TheOthersGoOnWhenTheFirstRankIsKilled) {
  expect_survivors(survive(0, "kill"), 0, 5);
}

TEST(Survival, TheOthersGoOnWhenARankEndsByItself) { expect_survivors(survive(1, "exit"), 1, 5); }

TEST(Survival, TheOthersGoOnWhenARankStandsStill) {
  expect_survivors(survive(3, "stop", "2"), 3, 7);
}

}  // namespace
}  // namespace foldstream::test
