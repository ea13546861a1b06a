// What the ranks of survivor.cpp say when one of four is lost.
#pragma once

#include "test_support.hpp"

#include <sys/wait.h>

#include <cstdio>
#include <regex>

namespace foldstream::test {

struct Ended {
  int code;
  std::string text;
};

/// Runs a shell command to its end.
inline Ended run_command(const std::string& command) {
  FILE* output = popen((command + " 2>&1").c_str(), "r");
  std::string text;
  char bytes[512];
  for (std::size_t got = 0; (got = fread(bytes, 1, sizeof bytes, output)) > 0;)
    text.append(bytes, got);
  const int status = pclose(output);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

/// `rank` says that just `lost` were lost, in less than `seconds`.
inline void expect_loss(const std::string& text, int rank, const std::string& lost,
                        double seconds) {
  std::smatch found;
  const std::regex line("rank " + std::to_string(rank) + " lost " + lost + " after ([^ ]+) s\n");
  ASSERT_TRUE(std::regex_search(text, found, line)) << text;
  EXPECT_LE(std::stod(found[1]), seconds);
}

/// All but the victim of four ranks say so of it in `seconds`, and reach the two others.
inline void expect_survivors(const Ended& ended, int victim, double seconds) {
  EXPECT_NE(ended.code, 124) << "the job did not end: " << ended.text;
  for (int rank = 0; rank < 4; ++rank) {
    if (rank == victim) continue;
    expect_loss(ended.text, rank, std::to_string(victim), seconds);
    EXPECT_THAT(ended.text, testing::HasSubstr("rank " + std::to_string(rank) +
                                               " exchanged 1 MiB with each of 2\n"));
  }
}

}  // namespace foldstream::test
