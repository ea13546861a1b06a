// The journal: whole records come back, torn tails and damage cost only themselves.
#include "journal.hpp"
#include "test_support.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace foldstream::io {
namespace {

using test::expect_error;
using test::TemporaryFolder;

struct Found {
  FrameScan scan;
  std::vector<JournalEntry> entries;
};

Found scan(const std::filesystem::path& path) {
  Found found;
  found.scan = scan_journal(File(path, O_RDONLY), 0,
                            [&](const JournalEntry& entry) { found.entries.push_back(entry); });
  return found;
}

/// A journal of three records with the texts "one", "two", "three".
std::filesystem::path journal_of_three(const TemporaryFolder& folder) {
  const auto path = folder.path() / "r0000.journal";
  JournalWriter writer(path);
  writer.append({1, 1}, 10, "one");
  writer.append({2, 2}, 20, "two");
  writer.append({3, 3}, 30, "three");
  return path;
}

TEST(Journal, GivesBackWhatWasAppended) {
  TemporaryFolder folder;
  const auto path = journal_of_three(folder);

  const Found found = scan(path);

  ASSERT_EQ(found.entries.size(), 3u);
  EXPECT_EQ(found.entries[1].key, (Key{2, 2}));
  EXPECT_EQ(found.entries[1].saved_at, 20);
  EXPECT_EQ(read_journal_text(File(path, O_RDONLY), found.entries[2]), "three");
  EXPECT_EQ(found.scan.end, std::filesystem::file_size(path));
}

TEST(Journal, CutsATailTornAtAnyByteAndGoesOnFromThere) {
  TemporaryFolder folder;
  const auto path = journal_of_three(folder);
  const auto whole = std::filesystem::file_size(path);
  const auto third = scan(path).entries[2].offset;
  for (auto size = whole - 1; size > third; --size) {
    std::filesystem::resize_file(path, size);
    ASSERT_EQ(scan(path).entries.size(), 2u) << size;
    ASSERT_EQ(scan(path).scan.end, third);
  }

  JournalWriter writer(path);
  writer.continue_at(third);
  writer.append({4, 4}, 40, "a longer text than before");

  EXPECT_EQ(scan(path).entries.size(), 3u);
  EXPECT_EQ(scan(path).scan.skipped, 0u);
}

TEST(Journal, SkipsARecordWithAnyFlippedByteAndKeepsTheOthers) {
  TemporaryFolder folder;
  const auto path = journal_of_three(folder);
  const std::string good = test::read_text(path);
  const auto entries = scan(path).entries;
  for (auto at = entries[1].offset; at < entries[2].offset; ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    folder.write("r0000.journal", bad);

    ASSERT_EQ(scan(path).entries.size(), 2u) << at;
    ASSERT_EQ(scan(path).scan.skipped, entries[1].length);
  }
}

TEST(Journal, FindsTheNextRecordBehindMegabytesOfGarbage) {
  TemporaryFolder folder;
  const auto path = journal_of_three(folder);
  const std::string good = test::read_text(path);
  std::string garbage(9'000'001, 'F');
  garbage += "FSJ1FSJ1 not a record";

  folder.write("r0000.journal", garbage + good);

  EXPECT_EQ(scan(path).entries.size(), 3u);
  EXPECT_EQ(scan(path).scan.skipped, garbage.size());
}

TEST(Journal, RefusesTextThatChangedSinceTheScan) {
  TemporaryFolder folder;
  const auto path = journal_of_three(folder);
  const auto entry = scan(path).entries[0];
  std::string bytes = test::read_text(path);
  bytes[entry.length - 1] = 'E';
  folder.write("r0000.journal", bytes);

  expect_error(ErrorKind::Io, "the record at byte 0 is damaged",
               [&] { read_journal_text(File(path, O_RDONLY), entry); });
}

TEST(Journal, TakesRecordsOfManyThreads) {
  TemporaryFolder folder;
  JournalWriter writer(folder.path() / "r0000.journal");
  const auto append = [&](std::uint64_t thread) {
    for (std::uint64_t i = 0; i < 500; ++i) {
      const std::string text = std::to_string(thread * 1000 + i);
      const JournalEntry entry = writer.append({thread, i}, 10, text);
      ASSERT_EQ(read_journal_text(writer.file(), entry), text);
    }
  };
  std::vector<std::jthread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) threads.emplace_back(append, t);
  threads.clear();

  EXPECT_EQ(scan(writer.file().path()).entries.size(), 2000u);
  EXPECT_EQ(scan(writer.file().path()).scan.skipped, 0u);
}

TEST(Journal, BelongsToOneProcess) {
  TemporaryFolder folder;
  const auto path = journal_of_three(folder);
  const JournalWriter holder(path);

  const pid_t child = fork();
  if (child == 0) {
    try {
      const JournalWriter second(path);
      _exit(1);
    } catch (const Error& error) {
      const std::string message = error.what();
      _exit(message.find("in use by another process") == std::string::npos ? 2 : 0);
    }
  }

  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace foldstream::io
