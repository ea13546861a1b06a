// The run store: what was saved comes back byte by byte, or not at all, whatever happened
// meanwhile.
#include "core/store_contract.hpp"
#include "run_store_case.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <future>
#include <thread>

namespace foldstream::io {
namespace {

using test::expect_error;

TEST(RunStore, GivesBackWhatWasSavedInThisProcessAndTheNext) {
  TemporaryFolder folder;
  {
    RunStore store(folder.path(), 0);
    store.save(key_for(1), task_for(1));
    EXPECT_TRUE(store.contains(key_for(1)));
    EXPECT_EQ(store.load(key_for(1)), task_for(1));
    EXPECT_FALSE(store.load(key_for(2)));
  }

  RunStore again(folder.path(), 0);

  EXPECT_TRUE(again.contains(key_for(1)));
  EXPECT_EQ(again.load(key_for(1)), task_for(1));
}

TEST(RunStore, ReplacesWhatIsSavedAgain) {
  TemporaryFolder folder;
  {
    RunStore store(folder.path(), 0);
    store.save(key_for(1), task_for(1));
    store.save(key_for(1), task_for(2));
    EXPECT_EQ(store.load(key_for(1)), task_for(2));
  }

  EXPECT_EQ(RunStore(folder.path(), 1).load(key_for(1)), task_for(2));
}

TEST(RunStore, KeepsEveryDtypeOddNamesAndNoOutputs) {
  TemporaryFolder folder;
  StoredTask odd{"a/b ä \xff", "..", 1, {{"", {}}, {"p.q", {}}}};
  odd.outputs["p.q"]["deep/half"] = {Tensor(DType::bf16, {3, 2}), "kJ/mol", {"ä", "b"}};
  odd.outputs["p.q"]["scalar"] = {Tensor(DType::f64, {}), "1", {}};
  RunStore(folder.path(), 0).save(key_for(1), odd);
  RunStore(folder.path(), 1).save(key_for(2), {});

  RunStore store(folder.path());

  EXPECT_EQ(store.load(key_for(1)), odd);
  EXPECT_EQ(store.load(key_for(2)), StoredTask{});
}

TEST(RunStore, RefusesUnitsThatAreNotTextAndGoesOn) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  StoredTask bad{"t", "k", 1, {}};
  bad.outputs["p"]["f"] = {Tensor(), "\xff", {"x"}};

  expect_error(ErrorKind::InvalidArgument, "must be UTF-8", [&] { store.save(key_for(1), bad); });

  store.save(key_for(2), task_for(2));
  EXPECT_EQ(store.load(key_for(2)), task_for(2));
}

TEST(RunStore, CountsATaskWithAFlippedByteAsAbsentAndReportsItOnce) {
  TemporaryFolder folder;
  Damages damages;
  RunStore store(folder.path(), 0, damages.report());
  store.save(key_for(1), task_for(1));
  store.save(key_for(2), task_for(2));
  const fs::path file = folder.path() / "ranks/r0000-g0.h5";
  flip_byte(file, test::read_text(file).find("task 1"));

  EXPECT_FALSE(store.load(key_for(1)));
  EXPECT_FALSE(store.load(key_for(1)));
  EXPECT_FALSE(store.contains(key_for(1)));
  EXPECT_EQ(store.load(key_for(2)), task_for(2));
  ASSERT_EQ(damages.seen.size(), 1u);
  EXPECT_EQ(to_string(damages.seen[0]),
            file.string() + ": field 'map/name' differs from its checksum; task 'predict' of " +
                "target 'P1' counts as absent and will be computed again");
}

TEST(RunStore, LosesOnlyTheTasksBehindACutOrMissingFile) {
  TemporaryFolder folder;
  Damages damages;
  RunStore(folder.path(), 0).save(key_for(1), task_for(1));
  RunStore(folder.path(), 0).save(key_for(2), task_for(2));
  RunStore(folder.path(), 0).save(key_for(3), task_for(3));
  fs::resize_file(folder.path() / "ranks/r0000-g0.h5", 1000);
  fs::remove(folder.path() / "ranks/r0000-g1.h5");

  RunStore store(folder.path(), 0, damages.report());

  EXPECT_FALSE(store.load(key_for(1)));
  EXPECT_FALSE(store.load(key_for(2)));
  EXPECT_EQ(store.load(key_for(3)), task_for(3));
  ASSERT_EQ(damages.seen.size(), 2u);
  EXPECT_THAT(damages.seen[0].reason, testing::HasSubstr("lies behind the end of the file"));
  EXPECT_EQ(damages.seen[1].reason, "is missing");
}

TEST(RunStore, CutsATornJournalAndReportsDamageInItsMiddle) {
  TemporaryFolder folder;
  Damages damages;
  for (int i = 1; i <= 3; ++i) RunStore(folder.path(), 0).save(key_for(i), task_for(i));
  const fs::path journal = folder.path() / "ranks/r0000.journal";
  fs::resize_file(journal, fs::file_size(journal) - 5);
  flip_byte(journal, 100);

  RunStore store(folder.path(), 0, damages.report());

  EXPECT_FALSE(store.contains(key_for(1)));
  EXPECT_EQ(store.load(key_for(2)), task_for(2));
  EXPECT_FALSE(store.contains(key_for(3)));
  ASSERT_EQ(damages.seen.size(), 1u);
  EXPECT_EQ(damages.seen[0].file, journal);
  store.save(key_for(3), task_for(3));
  EXPECT_EQ(RunStore(folder.path()).load(key_for(3)), task_for(3));
}

TEST(RunStore, RefusesASecondProcessOfTheSameRank) {
  TemporaryFolder folder;
  const RunStore store(folder.path(), 0);

  expect_error(ErrorKind::Io, "r0000.journal: in use by another process of the same rank",
               [&] { RunStore second(folder.path(), 0); });
  RunStore other(folder.path(), 1);
  RunStore reader(folder.path());

  expect_error(ErrorKind::Unsupported, "opened for reading only",
               [&] { reader.save(key_for(1), task_for(1)); });
}

TEST(RunStore, RefusesFoldersItCannotUse) {
  TemporaryFolder folder;
  const fs::path file = folder.write("file", "");

  expect_error(ErrorKind::Io, "cannot make the folder", [&] { RunStore store(file / "run", 0); });
  expect_error(ErrorKind::NotFound, "there is no such run folder",
               [&] { RunStore store(folder.path() / "absent"); });
  expect_error(ErrorKind::InvalidArgument, "rank -1",
               [&] { RunStore store(folder.path() / "run", -1); });
}

TEST(RunStore, SavesFromManyThreads) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  {
    std::vector<std::future<void>> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
      threads.push_back(std::async(std::launch::async, [&store, t] {
        for (std::uint64_t i = t * 5; i < t * 5 + 5; ++i) {
          store.save(key_for(i), task_for(i));
          EXPECT_EQ(store.load(key_for(i)), task_for(i));
        }
      }));
    }
  }
  for (std::uint64_t i = 0; i < 20; ++i) EXPECT_EQ(store.load(key_for(i)), task_for(i));
}

TEST(RunStore, FlushesWhileOthersSave) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  store.flush();
  {
    const std::jthread saver([&] {
      for (std::uint64_t i = 0; i < 30; ++i) store.save(key_for(i), task_for(i));
    });
    for (int i = 0; i < 5; ++i) store.flush();
  }
  store.flush();

  RunStore reader(folder.path());
  for (std::uint64_t i = 0; i < 30; ++i) EXPECT_EQ(reader.load(key_for(i)), task_for(i));
}

TEST(RunStore, ListsWhatIsStoredByTargetAndTask) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 3);
  store.save(key_for(2), task_for(2));
  store.save(key_for(1), task_for(1));

  const std::vector<StoredInfo> stored = store.stored();

  ASSERT_EQ(stored.size(), 2u);
  EXPECT_EQ(stored[0].target, "P1");
  EXPECT_EQ(stored[0].bytes, 4006u);
  EXPECT_EQ(stored[0].file, "ranks/r0003-g0.h5");
  EXPECT_EQ(stored[1].group, "/targets/P2/predict");
}

/// A child that saves tasks first, first + 1, … as `rank` until it is killed or has saved `count`.
/// It writes one byte into `saved` after each.
pid_t start_saver(const fs::path& folder, int rank, std::uint64_t first, int count, int saved) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    RunStore store(folder, rank);
    for (std::uint64_t i = first; i < first + static_cast<std::uint64_t>(count); ++i) {
      store.save(key_for(i), task_for(i));
      if (saved >= 0 && write(saved, "x", 1) != 1) _exit(3);
    }
    store.close();
    _exit(0);
  } catch (const std::exception&) {
    _exit(2);
  }
}

/// Starts a saver, kills it after `delay`, and tells how many saves had returned.
std::uint64_t kill_a_saver(const fs::path& folder, std::uint64_t first,
                           std::chrono::microseconds delay) {
  int ends[2];
  if (pipe(ends) != 0) return 0;
  const pid_t child = start_saver(folder, 0, first, 1'000'000, ends[1]);
  close(ends[1]);
  char byte = 0;
  std::uint64_t saved = read(ends[0], &byte, 1) == 1 ? 1 : 0;
  std::this_thread::sleep_for(delay);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  while (read(ends[0], &byte, 1) == 1) ++saved;
  close(ends[0]);
  return saved;
}

TEST(RunStore, LosesNothingThatWasSavedWhenItsProcessIsKilled) {
  TemporaryFolder folder;
  Damages damages;
  std::mt19937_64 random(7);
  for (std::uint64_t round = 0; round < 20; ++round) {
    const std::uint64_t first = round * 1'000'000;
    const std::uint64_t saved =
        kill_a_saver(folder.path(), first, std::chrono::microseconds(random() % 30'000));
    RunStore store(folder.path(), 0, damages.report());
    ASSERT_GT(saved, 0u);
    for (std::uint64_t i = first; i < first + saved; ++i) {
      ASSERT_EQ(store.load(key_for(i)), task_for(i)) << "round " << round << " task " << i;
    }
  }
  write_master_file(*std::make_unique<RunStore>(folder.path(), 0, damages.report()), {});
  EXPECT_EQ(damages.seen.size(), 0u);
}

TEST(RunStore, LetsTwoProcessesWriteAndLearnsOfTheOther) {
  TemporaryFolder folder;
  RunStore store(folder.path(), 0);
  const pid_t child = start_saver(folder.path(), 1, 100, 20, -1);
  for (std::uint64_t i = 0; i < 20; ++i) store.save(key_for(i), task_for(i));
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);

  EXPECT_FALSE(store.contains(key_for(119)));
  store.refresh();

  for (std::uint64_t i = 100; i < 120; ++i) EXPECT_EQ(store.load(key_for(i)), task_for(i));
}

}  // namespace
}  // namespace foldstream::io

namespace foldstream::test {

/// Stores in folders that go with the program.
std::shared_ptr<Store> make_run_store() {
  static std::vector<std::unique_ptr<TemporaryFolder>> folders;
  folders.push_back(std::make_unique<TemporaryFolder>());
  return std::make_shared<io::RunStore>(folders.back()->path(), 0);
}

INSTANTIATE_TEST_SUITE_P(Files, StoreContract, testing::Values(StoreCase{"files", make_run_store}));

}  // namespace foldstream::test
