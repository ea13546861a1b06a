// Jobs that share a results folder: each target goes to one of them, and all ranks of a job agree.
#include "lease_files.hpp"
#include "leases.hpp"
#include "test_support.hpp"

#include <algorithm>
#include <barrier>
#include <numeric>
#include <thread>

namespace foldstream::apps {
namespace {

using foldstream::test::TemporaryFolder;

constexpr double patience = 60;

std::vector<LeaseBlock> blocks_of(int targets) {
  std::vector<std::string> residues;
  for (int i = 0; i < targets; ++i) residues.push_back("A" + std::to_string(i));
  std::vector<std::size_t> numbers(static_cast<std::size_t>(targets));
  std::iota(numbers.begin(), numbers.end(), 0U);
  return lease_blocks(residues, numbers);
}

std::vector<std::size_t> all_of(Leases& leases) {
  std::vector<std::size_t> targets;
  while (const auto next = leases.next()) targets.push_back(next->target);
  return targets;
}

/// As the job's run would: done, or not run at all.
TargetOutcome outcome(std::size_t target, State state) {
  Outcome task;
  task.state = state;
  return {"t" + std::to_string(target), static_cast<int>(target), {task}};
}

/// What status.json says of the job's state, all that other jobs look at.
void write_state(const std::filesystem::path& out, int job, const std::string& state) {
  RunStatus status;
  status.state = state;
  write_status(job_folder(out, job), status);
}

TEST(LeaseBlocks, KeepEqualSequencesTogether) {
  const auto blocks = lease_blocks({"AAA", "CCC", "AAA", "DDD"}, {3, 2, 1, 0});

  ASSERT_EQ(blocks.size(), 3U);
  EXPECT_EQ(blocks[0].targets, (std::vector<std::size_t>{0}));
  EXPECT_EQ(blocks[1].targets, (std::vector<std::size_t>{3, 1}));  // in the order of the input
  EXPECT_EQ(blocks[1].number, 0);
}

TEST(LeaseBlocks, AreFew) { EXPECT_LE(blocks_of(100'000).size(), 512U); }

TEST(Leases, GiveEachTargetToOneJobAndTheSameOrderToItsRanks) {
  const TemporaryFolder folder;
  constexpr int jobs = 3, ranks = 2, targets = 200;
  std::vector<std::vector<std::size_t>> given(jobs * ranks);
  for (int job = 0; job < jobs; ++job) ASSERT_EQ(Leases::begin_job(folder.path(), ranks), job);
  std::barrier start(jobs * ranks);
  std::vector<std::thread> threads;
  for (int i = 0; i < jobs * ranks; ++i)
    threads.emplace_back([&, i] {
      Leases leases(folder.path(), i / ranks, blocks_of(targets), patience);
      start.arrive_and_wait();
      given[static_cast<std::size_t>(i)] = all_of(leases);
    });
  for (std::thread& thread : threads) thread.join();

  std::vector<std::size_t> all;
  for (std::size_t job = 0; job < jobs; ++job) {
    EXPECT_EQ(given[job * ranks], given[job * ranks + 1]);
    all.insert(all.end(), given[job * ranks].begin(), given[job * ranks].end());
  }
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
  // what two ranks took at once and one gave back may be left at the end, for the job that writes
  // the report
  EXPECT_GE(all.size(), targets - jobs * ranks);
}

TEST(Leases, FreeWhatAJobLeavesUndone) {
  const TemporaryFolder folder;
  Leases::begin_job(folder.path(), 1);
  Leases::begin_job(folder.path(), 1);
  Leases first(folder.path(), 0, blocks_of(3), patience),
      second(folder.path(), 1, blocks_of(3), patience);
  ASSERT_EQ(all_of(first).size(), 3U);

  first.settle({outcome(0, State::done), outcome(1, State::cancelled)});

  EXPECT_EQ(all_of(second), (std::vector<std::size_t>{1, 2}));
}

TEST(Leases, OfAJobThatHasEndedAreTakenOver) {
  const TemporaryFolder folder;
  Leases::begin_job(folder.path(), 2);
  Leases first(folder.path(), 0, blocks_of(2), patience);
  write_state(folder.path(), 0, "running");
  Leases::begin_job(folder.path(), 1);
  Leases second(folder.path(), 1, blocks_of(2), patience);
  ASSERT_TRUE(first.next());
  ASSERT_TRUE(second.next());  // the other of the two
  EXPECT_FALSE(second.next());
  EXPECT_TRUE(second.has_company());

  write_state(folder.path(), 0, "drained");
  Leases::begin_job(folder.path(), 1);
  Leases third(folder.path(), 2, blocks_of(2), patience);
  const auto taken = third.next();

  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->target, 0U);
  EXPECT_TRUE(taken->was_held);
  EXPECT_TRUE(first.has_lost());
  EXPECT_FALSE(second.has_lost());
}

TEST(Leases, OfASilentJobAreTakenOverAfterAWait) {
  const TemporaryFolder folder;
  Leases::begin_job(folder.path(), 2);
  Leases silent(folder.path(), 0, blocks_of(1), patience);
  ASSERT_TRUE(silent.next());
  write_state(folder.path(), 0, "running");
  Leases::begin_job(folder.path(), 1);
  Leases other(folder.path(), 1, blocks_of(1), 5.5);
  std::this_thread::sleep_for(std::chrono::milliseconds(5100));  // long enough to be odd

  const auto taken = other.next();

  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->was_held);
}

TEST(Leases, LetOneJobWriteTheReportAndKnowWhatFailed) {
  const TemporaryFolder folder;
  Leases::begin_job(folder.path(), 1);
  Leases::begin_job(folder.path(), 1);
  Leases first(folder.path(), 0, blocks_of(2), patience),
      second(folder.path(), 1, blocks_of(2), patience);
  ASSERT_EQ(all_of(first).size(), 2U);
  TargetOutcome failed = outcome(1, State::failed);
  failed.tasks[0].message = "no luck";
  first.settle({outcome(0, State::done), failed});

  EXPECT_TRUE(first.begin_report());
  EXPECT_FALSE(second.begin_report());
  first.end_report();
  EXPECT_TRUE(second.begin_report());
  const FailedTargets known = second.failed();
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known.at("t1").tasks[0].message, "no luck");

  second.reopen_failed();
  EXPECT_EQ(all_of(second), (std::vector<std::size_t>{1}));
}

TEST(Leases, SayWhichFileIsDamaged) {
  const TemporaryFolder folder;
  Leases::begin_job(folder.path(), 1);
  folder.write("leases/b00000.0", "{\"state\":");
  Leases leases(folder.path(), 0, blocks_of(2), patience);

  foldstream::test::expect_error(ErrorKind::Parse, "b00000.0: damaged", [&] { leases.next(); });
}

}  // namespace
}  // namespace foldstream::apps
