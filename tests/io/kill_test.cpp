// A run that is killed at any moment goes on where it was: nothing that was saved is computed
// again, and its results are those of a run that was left alone. FOLDSTREAM_KILLS=200 tries 200
// seeds.
#include "test_support.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>

namespace foldstream::io {
namespace {

namespace fs = std::filesystem;
using Seconds = std::chrono::duration<double>;
using test::read_text;
using test::TemporaryFolder;

pid_t start_victim(const fs::path& folder) {
  const pid_t child = fork();
  if (child == 0) {
    execl(FOLDSTREAM_KILL_VICTIM, FOLDSTREAM_KILL_VICTIM, folder.c_str(), nullptr);
    _exit(127);
  }
  return child;
}

/// Whether the victim ended well by itself.
bool has_ended_well(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Lets the victim run for so long and kills it. @returns whether it ended before.
bool kill_after(Seconds time, const fs::path& folder) {
  const pid_t child = start_victim(folder);
  std::this_thread::sleep_for(time);  // the moment is what is tested
  kill(child, SIGKILL);
  return has_ended_well(child);
}

/// What the victim computed though it had saved it before, and damage it found.
std::vector<std::string> faults(const fs::path& folder) {
  std::vector<std::string> faults;
  std::set<std::string> saved;
  std::ifstream effects(folder / "effects");
  for (std::string line; std::getline(effects, line);) {
    const std::string verb = line.substr(0, line.find(' '));
    const std::string what = line.substr(line.find(' ') + 1);
    if (verb == "saved") saved.insert(what);
    if (verb == "ran" && saved.contains(what)) faults.push_back(line);
    if (verb == "damaged:") faults.push_back(line);
  }
  return faults;
}

int seed_count() {
  const char* asked = std::getenv("FOLDSTREAM_KILLS");
  return asked == nullptr ? 20 : std::stoi(asked);
}

/// A run that nobody kills: its digest and how long it takes.
std::pair<std::string, Seconds> undisturbed() {
  const TemporaryFolder folder;
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(has_ended_well(start_victim(folder.path())));
  EXPECT_THAT(faults(folder.path()), testing::IsEmpty());
  return {read_text(folder.path() / "digest"), std::chrono::steady_clock::now() - began};
}

/// Kills a run up to three times, and lets it end.
void kill_and_finish(int seed, const std::string& expected, Seconds duration) {
  const TemporaryFolder folder;
  std::mt19937 random(static_cast<unsigned>(seed));
  std::uniform_real_distribution<> moment(0, duration.count());

  for (int kills = seed % 3 + 1; kills > 0; --kills)
    kill_after(Seconds(moment(random)), folder.path());

  EXPECT_TRUE(has_ended_well(start_victim(folder.path()))) << "seed " << seed;
  EXPECT_EQ(read_text(folder.path() / "digest"), expected) << "seed " << seed;
  EXPECT_THAT(faults(folder.path()), testing::IsEmpty()) << "seed " << seed;
}

TEST(Kill, ARunGoesOnWhereItWasKilled) {
  const auto [expected, duration] = undisturbed();
  ASSERT_EQ(std::ranges::count(expected, '\n'), 100);
  const int seeds = seed_count();
  std::atomic<int> next = 0;
  std::vector<std::jthread> threads;  // several at once: they mostly wait for the disk

  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, text = expected, time = duration] {
      for (int seed = next++; seed < seeds; seed = next++) kill_and_finish(seed, text, time);
    });
}

}  // namespace
}  // namespace foldstream::io
