// Databases: packing, opening, digests, and every way a file can be wrong.
#include "search_support.hpp"
#include "test_support.hpp"

#include <foldstream/workflows/search/database.hpp>

namespace foldstream::workflows::search {
namespace {

using test::expect_error;
using test::TemporaryFolder;

const char* const three = ">one first of three\nACDEF\nGHIKL\n>two\nmnpqr\n>one again\nSTVWYX\n";

std::filesystem::path packed(const TemporaryFolder& folder, const std::string& fasta = three) {
  const auto out = folder.path() / "db.fsdb";
  build_database(folder.write("in.fasta", fasta), out, Context());
  return out;
}

std::string residues(const Database& database, std::uint64_t index) {
  std::string letters;
  for (const std::uint8_t token : database.sequence(index)) letters += io::letter_of(token);
  return letters;
}

/// Writes `byte` at `offset` of a file.
void poke(const std::filesystem::path& path, std::size_t offset, char byte) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(byte);
}

TEST(Database, GivesBackWhatWasPacked) {
  const TemporaryFolder folder;

  const Database database = Database::open(packed(folder));

  ASSERT_EQ(database.size(), 3u);
  EXPECT_EQ(database.residues(), 21u);
  EXPECT_EQ(database.info().longest, 10u);
  EXPECT_TRUE(database.info().packed);
  EXPECT_EQ(residues(database, 0), "ACDEFGHIKL");
  EXPECT_EQ(residues(database, 1), "MNPQR");
  EXPECT_EQ(database.name(2), "one");
  EXPECT_EQ(database.description(0), "first of three");
  EXPECT_EQ(database.description(1), "");
}

TEST(Database, IsTheSameFromFastaAndPacked) {
  const TemporaryFolder folder;

  const Database file = Database::open(packed(folder));
  const Database memory = Database::open(folder.path() / "in.fasta");

  EXPECT_EQ(memory.digest(), file.digest());
  EXPECT_EQ(memory.info().composition, file.info().composition);
  EXPECT_FALSE(memory.info().packed);
  EXPECT_EQ(residues(memory, 2), residues(file, 2));
}

TEST(Database, DigestChangesWithAResidueAndWithAName) {
  const TemporaryFolder folder;
  const auto digest = [&](const std::string& fasta) {
    return Database::open(folder.write("x.fasta", fasta)).digest();
  };

  EXPECT_NE(digest(">a\nACD\n"), digest(">a\nACE\n"));
  EXPECT_NE(digest(">a\nACD\n"), digest(">b\nACD\n"));
  EXPECT_NE(digest(">a\nACD\n>b\nEF\n"), digest(">a\nAC\n>b\nDEF\n"));
  EXPECT_EQ(digest(">a\nACD\n"), digest(">a\nac\nd\n"));
}

TEST(Database, CopiesOutliveTheOriginal) {
  const TemporaryFolder folder;
  auto original = std::make_unique<Database>(Database::open(packed(folder)));
  const Database copy = *original;

  original.reset();

  EXPECT_EQ(residues(copy, 1), "MNPQR");
}

TEST(Database, ReportsWhatItSkipped) {
  const TemporaryFolder folder;
  const auto fasta = folder.write("in.fasta", ">a\nACD\n>empty\n>b\nEF\n");

  const BuildReport report = build_database(fasta, folder.path() / "db.fsdb", Context());

  EXPECT_EQ(report.info.sequences, 2u);
  EXPECT_EQ(report.skipped, 1u);
}

TEST(Database, SaysHowMuchOfATruncatedFileIsMissing) {
  const TemporaryFolder folder;
  const auto path = packed(folder);
  const auto size = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, size - 5);

  expect_error(ErrorKind::Io,
               "expected " + std::to_string(size) + " bytes, found " + std::to_string(size - 5) +
                   ". Run 'foldstream db build' again.",
               [&] { Database::open(path); });
}

TEST(Database, RefusesEveryTruncation) {
  const TemporaryFolder folder;
  const auto path = packed(folder);

  for (auto size = std::filesystem::file_size(path) - 1; size > 0; --size) {
    std::filesystem::resize_file(path, size);
    EXPECT_THROW(Database::open(path), Error) << size << " bytes";
  }
}

TEST(Database, RefusesADamagedHead) {
  const TemporaryFolder folder;
  const auto path = packed(folder);
  poke(path, 30, '\x7f');

  expect_error(ErrorKind::Parse, "the head of the database is damaged",
               [&] { Database::open(path); });
}

TEST(Database, RefusesAnotherVersionAndAnotherByteOrder) {
  const TemporaryFolder folder;
  const auto path = packed(folder);

  poke(path, 8, 9);
  expect_error(ErrorKind::Parse, "format version 9", [&] { Database::open(path); });
  poke(path, 12, 1);
  expect_error(ErrorKind::Parse, "other byte order", [&] { Database::open(path); });
}

TEST(Database, VerifyFindsAFlippedResidue) {
  const TemporaryFolder folder;
  const auto path = packed(folder);
  Database::open(path).verify(Context());
  poke(path, 258, 7);

  const Database damaged = Database::open(path);

  expect_error(ErrorKind::Parse, "does not match its digest", [&] { damaged.verify(Context()); });
}

TEST(Database, RefusesADamagedIndexEntryWhereItIsUsed) {
  const TemporaryFolder folder;
  const auto path = packed(folder);
  poke(path, 256 + 24 + 16 + 7, '\x7f');

  const Database damaged = Database::open(path);

  expect_error(ErrorKind::Parse, "the index is damaged at sequence 1",
               [&] { damaged.sequence(1); });
}

TEST(Database, NamesAFileThatIsNotThere) {
  expect_error(ErrorKind::NotFound, "no/such.fsdb: there is no such database file",
               [] { Database::open("no/such.fsdb"); });
}

TEST(Database, RefusesAnIndexBeyondTheEnd) {
  const TemporaryFolder folder;
  const Database database = Database::open(packed(folder));

  expect_error(ErrorKind::InvalidArgument, "there are 3", [&] { database.name(3); });
  expect_error(ErrorKind::InvalidArgument, "there are 3", [&] { database.sequence(3); });
}

TEST(Database, HoldsNoMoreThanItsMemoryLimit) {
  const TemporaryFolder folder;
  const auto fasta = folder.write("in.fasta", ">a\n" + std::string(2000, 'A') + "\n");

  expect_error(ErrorKind::Resources, "Run 'foldstream db build'",
               [&] { Database::open(fasta, Context(), 1000); });
}

TEST(Database, WarnsOfNucleotides) {
  const TemporaryFolder folder;
  std::string heard;
  Context context;
  context.warn = [&](std::string_view message) { heard = message; };
  std::string dna;
  for (int i = 0; i < 300; ++i) dna += "ACGT";

  Database::open(folder.write("dna.fasta", ">chromosome\n" + dna + "\n"), context);

  EXPECT_THAT(heard, testing::HasSubstr("looks like nucleotides"));
}

TEST(Database, LeavesTheOldFileWhenTheInputIsBad) {
  const TemporaryFolder folder;
  const auto path = packed(folder);
  const std::string before = test::read_text(path);
  const auto bad = folder.write("bad.fasta", "no fasta at all\n");

  EXPECT_THROW(build_database(bad, path, Context()), Error);

  EXPECT_EQ(test::read_text(path), before);
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    EXPECT_THAT(entry.path().filename().string(),
                testing::AnyOf("db.fsdb", "in.fasta", "bad.fasta"));
  }
}

TEST(Database, SaysWhenTheOutputFolderIsMissing) {
  const TemporaryFolder folder;
  const auto fasta = folder.write("in.fasta", three);

  expect_error(ErrorKind::Io, "cannot create the file",
               [&] { build_database(fasta, folder.path() / "no" / "db.fsdb", Context()); });
}

TEST(Database, StopsBuildingWhenCancelled) {
  const TemporaryFolder folder;
  std::stop_source source;
  source.request_stop();
  Context context;
  context.stop = source.get_token();

  expect_error(ErrorKind::Cancelled, "cancelled", [&] {
    build_database(folder.write("in.fasta", three), folder.path() / "db.fsdb", context);
  });
}

}  // namespace
}  // namespace foldstream::workflows::search
