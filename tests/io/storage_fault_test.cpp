// Faults of storage under the run store: named, never a wrong value, and only what is damaged is
// lost. FOLDSTREAM_FLIPS=5000 flips so many bits.
#include "run_store_case.hpp"

#include <sys/wait.h>
#include <unistd.h>

namespace foldstream::io {
namespace {

using test::expect_error;

TEST(StorageFault, SaysThatTheDiskIsFullKeepsWhatItHasAndGoesOnWhenThereIsRoom) {
  const SmallDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a tmpfs is not permitted here";
  RunStore store(disk.path(), 0);
  store.save(key_for(1), task_for(1));

  expect_error(ErrorKind::Io, "No space left on device. Free space and run again: finished work",
               [&] { store.save(key_for(2), task_for(2, 8000)); });
  EXPECT_EQ(store.load(key_for(1)), task_for(1));
  EXPECT_FALSE(store.contains(key_for(2)));
  store.save(key_for(3), task_for(3));

  EXPECT_EQ(RunStore(disk.path()).load(key_for(3)), task_for(3));
}

TEST(StorageFault, SurvivesADiskThatFillsToTheLastByte) {
  const SmallDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a tmpfs is not permitted here";
  RunStore store(disk.path(), 0);
  std::uint64_t count = 0;
  try {
    while (count < 10'000) store.save(key_for(count), task_for(count)), ++count;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("No space left on device"));
  }
  std::ofstream(disk.path() / "filler") << std::string(2 << 20, 'x');

  EXPECT_GT(count, 5u);
  EXPECT_LT(count, 10'000u);
  EXPECT_THROW(store.save(key_for(99), task_for(99)), Error);
  EXPECT_THROW(write_master_file(store, {}), Error);
  for (std::uint64_t i = 0; i < count; ++i) EXPECT_EQ(store.load(key_for(i)), task_for(i));
}

TEST(StorageFault, RefusesToWriteToAReadOnlyDiskButReadsIt) {
  const SmallDisk disk;
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a tmpfs is not permitted here";
  RunStore(disk.path(), 0).save(key_for(1), task_for(1));
  ASSERT_TRUE(disk.make_read_only());

  expect_error(ErrorKind::Io, "Choose a folder that you may write to",
               [&] { RunStore store(disk.path(), 0); });

  EXPECT_EQ(RunStore(disk.path()).load(key_for(1)), task_for(1));
}

/// Fills a disk to the last byte while it lives.
class Filler {
 public:
  explicit Filler(const fs::path& folder) : path_(folder / "filler") {
    std::ofstream(path_) << std::string(8 << 20, 'x');
  }
  ~Filler() { fs::remove(path_); }

 private:
  fs::path path_;
};

/// Saves a task on a disk that becomes full before its structure is written. @returns what
/// flushing said; nothing if the store's own thread was faster.
std::string flush_on_full_disk(RunStore& store, std::uint64_t number) {
  store.save(key_for(number), task_for(number));
  const fs::path file = store.folder() / store.stored().back().file;
  fs::resize_file(file, fs::file_size(file));  // gives back the room that was reserved
  const Filler filler(store.folder());
  try {
    store.flush();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(StorageFault, TellsOfADiskThatIsFullWhenSavedTasksAreBroughtToIt) {
  const SmallDisk disk("size=4m");
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a tmpfs is not permitted here";
  RunStore store(disk.path(), 0);
  std::string said;
  std::uint64_t count = 0;
  while (said.empty() && ++count < 50) said = flush_on_full_disk(store, count);

  EXPECT_THAT(said, testing::HasSubstr("a loss of power may cost what was stored last: "));
  EXPECT_THAT(said, testing::HasSubstr("No space left on device. Free space and run again"));
  for (std::uint64_t i = 1; i <= count; ++i) EXPECT_EQ(store.load(key_for(i)), task_for(i));
  store.save(key_for(99), task_for(99));
  write_master_file(store, {});
  EXPECT_EQ(RunStore(disk.path()).stored().size(), count + 1);
}

/// What opening a folder for writing says to a user who owns nothing.
std::string said_to_nobody(const fs::path& folder) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    if (setuid(65534) != 0) _exit(1);
    try {
      const RunStore store(folder, 0);
    } catch (const std::exception& error) {
      const std::string_view text = error.what();
      _exit(write(ends[1], text.data(), text.size()) > 0 ? 0 : 1);
    }
    _exit(1);
  }
  close(ends[1]);
  std::string text(1000, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(read(ends[0], text.data(), 1000), 0)));
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return text;
}

TEST(StorageFault, SaysThatAFolderMayNotBeWrittenTo) {
  if (getuid() != 0) GTEST_SKIP() << "becoming another user is not permitted here";
  TemporaryFolder folder;
  RunStore(folder.path() / "run", 0).save(key_for(1), task_for(1));
  fs::permissions(folder.path(), fs::perms::others_read | fs::perms::others_exec,
                  fs::perm_options::add);

  EXPECT_THAT(said_to_nobody(folder.path() / "run"),
              testing::HasSubstr("r0000.journal: cannot open the file: Permission denied. Choose "
                                 "a folder that you may write to, or change its permissions."));
  EXPECT_THAT(said_to_nobody(folder.path() / "new"),
              testing::HasSubstr("cannot make the folder: Permission denied. Choose a folder"));
}

constexpr std::uint64_t no_tensors = 4;  ///< the number of a task that has none

StoredTask mixed_task(std::uint64_t number) {
  if (number != no_tensors) return task_for(number);
  return {"P4", "predict", 0.25, {{"map", {}}}, "made of\nnothing"};
}

/// A closed folder of one rank with tasks 1 to 5, and the bytes of its two files.
class Folder {
 public:
  Folder() {
    RunStore store(path(), 0);
    for (std::uint64_t i = 1; i <= 5; ++i) store.save(key_for(i), mixed_task(i));
    store.close();
    journal_bytes_ = test::read_text(journal());
    tensor_bytes_ = test::read_text(tensors());
  }

  const fs::path& path() const { return folder_.path(); }
  fs::path journal() const { return path() / "ranks/r0000.journal"; }
  fs::path tensors() const { return path() / "ranks/r0000-g0.h5"; }

  /// As it was in the beginning.
  void restore() const {
    fs::remove_all(path());
    fs::create_directories(path() / "ranks");
    std::ofstream(journal(), std::ios::binary) << journal_bytes_;
    std::ofstream(tensors(), std::ios::binary) << tensor_bytes_;
  }

  /// Which of the tasks are absent; those that are there must be right.
  std::vector<std::uint64_t> absent(const ReportDamage& report = {}) const {
    RunStore store(path(), report);
    std::vector<std::uint64_t> absent;
    for (std::uint64_t i = 1; i <= 5; ++i) {
      const auto task = store.load(key_for(i));
      EXPECT_TRUE(!task || *task == mixed_task(i)) << i;
      if (!task) absent.push_back(i);
    }
    return absent;
  }

  /// Computes the absent tasks again, and makes run.h5: then all must be there.
  void expect_repair() const {
    const auto missing = absent();
    RunStore store(path(), 0);
    for (const std::uint64_t i : missing) store.save(key_for(i), mixed_task(i));
    write_master_file(store, {});
    EXPECT_THAT(absent(), testing::IsEmpty());
    EXPECT_EQ(store.stored().size(), 5u);
  }

 private:
  TemporaryFolder folder_;
  std::string journal_bytes_, tensor_bytes_;
};

TEST(StorageFault, AJournalCutAtAnyByteOfItsLastRecordLosesThatTask) {
  const Folder folder;
  const auto whole = fs::file_size(folder.journal());
  const std::string bytes = test::read_text(folder.journal());
  const auto last = bytes.rfind("FSJ1");

  for (auto size = whole - 1; size >= last; --size) {
    fs::resize_file(folder.journal(), size);
    ASSERT_EQ(folder.absent(), std::vector<std::uint64_t>{5}) << size;
  }
  folder.restore();
  fs::resize_file(folder.journal(), last + 50);

  folder.expect_repair();
}

int flip_count() {
  const char* asked = std::getenv("FOLDSTREAM_FLIPS");
  return asked == nullptr ? 200 : std::stoi(asked);
}

/// Flips a random bit of a file, in place.
void flip_bit(const fs::path& path, std::mt19937_64& random) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  const auto at = static_cast<std::streamoff>(random() % fs::file_size(path));
  const auto byte = file.seekg(at).get();
  file.seekp(at).put(static_cast<char>(byte ^ (1 << random() % 8)));
}

void expect_flips_lose_one_task(const Folder& folder, const fs::path& file, int most_lost) {
  std::mt19937_64 random(11);
  std::size_t lost = 0;
  for (int flip = 0; flip < flip_count(); ++flip) {
    Damages damages;
    folder.restore();
    flip_bit(file, random);
    const std::size_t absent = folder.absent(damages.report()).size();
    EXPECT_LE(absent, 1u) << flip;
    EXPECT_LE(damages.seen.size(), absent) << flip;
    lost += absent;
    if (flip % 10 == 0) folder.expect_repair();
  }
  EXPECT_GT(lost, 0u);
  EXPECT_LE(lost, static_cast<std::size_t>(most_lost));
}

TEST(StorageFault, AFlippedBitOfTheJournalLosesOneTask) {
  const Folder folder;

  expect_flips_lose_one_task(folder, folder.journal(), flip_count());
}

TEST(StorageFault, AFlippedBitOfARankFileLosesAtMostOneTask) {
  const Folder folder;

  expect_flips_lose_one_task(folder, folder.tensors(), flip_count() - 1);
}

TEST(StorageFault, ARankFileCutAnywhereLosesTheTasksBehindTheCut) {
  const Folder folder;
  const auto whole = fs::file_size(folder.tensors());
  std::size_t before = 4;  // the fifth has no tensors

  for (std::uint64_t size = 0; size < whole; size += whole / 40) {
    folder.restore();
    fs::resize_file(folder.tensors(), size);
    const auto absent = folder.absent();
    EXPECT_LE(absent.size(), before) << size;
    EXPECT_THAT(absent, testing::Not(testing::Contains(no_tensors)));
    before = absent.size();
  }
  folder.restore();
  fs::resize_file(folder.tensors(), whole / 2);

  folder.expect_repair();
}

TEST(StorageFault, AMissingOrEmptyRankFileIsNamed) {
  const Folder folder;
  Damages missing, empty;
  fs::remove(folder.tensors());
  EXPECT_EQ(folder.absent(missing.report()).size(), 4u);
  folder.restore();
  fs::resize_file(folder.tensors(), 0);

  EXPECT_EQ(folder.absent(empty.report()).size(), 4u);

  ASSERT_EQ(missing.seen.size(), 4u);
  EXPECT_THAT(to_string(missing.seen[0]),
              testing::HasSubstr("r0000-g0.h5: is missing; task 'predict' of target 'P1' counts"));
  EXPECT_THAT(to_string(empty.seen.at(0)), testing::HasSubstr("lies behind the end of the file"));
  folder.expect_repair();
}

TEST(StorageFault, AnEmptyJournalOrOneOfZerosHoldsNothingAndCanBeUsed) {
  const Folder folder;
  for (const std::size_t zeros : {std::size_t{0}, std::size_t{100'000}}) {
    folder.restore();
    std::ofstream(folder.journal(), std::ios::binary) << std::string(zeros, '\0');

    EXPECT_EQ(folder.absent().size(), 5u);
    folder.expect_repair();
  }
}

TEST(StorageFault, ZerosInTheMiddleOfAJournalLoseTheirTasksAndAreNamed) {
  const Folder folder;
  Damages damages;
  const std::string bytes = test::read_text(folder.journal());
  const auto second = bytes.find("FSJ1", 1), third = bytes.find("FSJ1", second + 1);
  std::fstream file(folder.journal(), std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(second)) << std::string(third - second, '\0');
  file.close();

  EXPECT_EQ(folder.absent(damages.report()), std::vector<std::uint64_t>{2});

  ASSERT_EQ(damages.seen.size(), 1u);
  EXPECT_EQ(damages.seen[0].reason, std::to_string(third - second) + " damaged bytes");
  folder.expect_repair();
}

/// A child that saves one task and is gone as soon as `save` has returned.
void save_and_die(const fs::path& folder, std::uint64_t number, const StoredTask& task) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      RunStore store(folder, 0);
      store.save(key_for(number), task);
      kill(getpid(), SIGKILL);
    } catch (const std::exception&) {
    }
    _exit(1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(StorageFault, ATaskOutlivesItsProcessThatIsKilledWhenSaveReturns) {
  TemporaryFolder folder;
  StoredTask scalar{"P", "scalar", 1, {{"x", {{"x", {Tensor(DType::f64, {}), "1", {}}}}}}};
  scalar.outputs["x"]["x"].tensor.mutable_values<double>()[0] = 2.5;
  const std::vector<StoredTask> tasks = {
      task_for(1), scalar, task_for(2, 100'000), {"P", "bare", 1, {{"port", {}}}}};
  for (std::uint64_t i = 0; i < tasks.size(); ++i) save_and_die(folder.path(), i, tasks[i]);

  RunStore store(folder.path(), 0);

  for (std::uint64_t i = 0; i < tasks.size(); ++i) EXPECT_EQ(store.load(key_for(i)), tasks[i]);
  EXPECT_EQ(store.salvage({}), 3);  // all but the one without tensors
}

}  // namespace
}  // namespace foldstream::io
