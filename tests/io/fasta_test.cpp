#include "test_support.hpp"

#include <foldstream/io/fasta.hpp>

#include <zlib.h>

namespace {

using namespace foldstream;
using io::FastaRecord;
using io::FastaRefusal;
using io::Sequence;
using test::expect_error;
using test::TemporaryFolder;

std::vector<FastaRecord> read(const std::string& text, io::FastaOptions options = {}) {
  const TemporaryFolder folder;
  return io::read_fasta(folder.write("query.fasta", text), options);
}

Sequence good(const FastaRecord& record) { return std::get<Sequence>(record); }
std::string refused(const FastaRecord& record) { return std::get<FastaRefusal>(record).message; }

TEST(Fasta, ReadsNamesDescriptionsAndResidues) {
  const auto records = read(">one first of two\nACDEF\nGHIKL\n>two\nMNPQR\n");

  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(good(records[0]), (Sequence{"one", "first of two", "ACDEFGHIKL"}));
  EXPECT_EQ(good(records[1]), (Sequence{"two", "", "MNPQR"}));
}

TEST(Fasta, AcceptsCrlfLowerCaseBlanksAndNoFinalNewline) {
  const auto records = read("\xef\xbb\xbf\r\n> one \t first\r\nac de\r\n\r\nf\tg\r\n>two\r\nX");

  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(good(records[0]), (Sequence{"one", "first", "ACDEFG"}));
  EXPECT_EQ(good(records[1]), (Sequence{"two", "", "X"}));
}

TEST(Fasta, ReadsComplexesWhereTheyAreAskedFor) {
  const auto records = read(">dimer\nACD\nEF:gh\nIKL\n>one\nMN\n>bad\nAC::DE\n>end\nAC:\n", {.complexes = true});

  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(good(records[0]), (Sequence{"dimer", "", "ACDEFGHIKL", {5, 5}}));
  EXPECT_EQ(good(records[1]), (Sequence{"one", "", "MN"}));
  EXPECT_THAT(refused(records[2]), testing::HasSubstr("query.fasta:7:1: record 'bad' has a chain without residues"));
  EXPECT_THAT(refused(records[3]), testing::HasSubstr("a ':' too many"));
}

TEST(Fasta, LosesNothingBesideABadRecord) {
  const auto records = read(">a\nAC7F\n>b\nACDEF\n>c\n>d\nAC\n>e\nCC\n");

  ASSERT_EQ(records.size(), 5u);
  EXPECT_THAT(refused(records[0]), testing::HasSubstr("query.fasta:2:3: expected a residue"));
  EXPECT_EQ(good(records[1]).residues, "ACDEF");
  EXPECT_THAT(refused(records[2]), testing::HasSubstr("query.fasta:5:1: record 'c' has no"));
  EXPECT_EQ(good(records[3]).residues, "AC");
  EXPECT_EQ(std::get<FastaRefusal>(records[0]).place.column, 3u);
}

TEST(Fasta, RefusesARecordOverTheLimitAndAcceptsOneAtIt) {
  const auto records = read(">a\nACDEF\nG\n>b\nACDEF\n", {.max_length = 5});

  EXPECT_THAT(refused(records[0]), testing::HasSubstr("'a' has 6 residues; the limit is 5"));
  EXPECT_EQ(good(records[1]).residues, "ACDEF");
}

TEST(Fasta, RefusesALongLineWithoutRepeatingIt) {
  const auto records = read(">a\n" + std::string(10'000'000, 'A') + "\n>b\nACDEF\n");

  ASSERT_EQ(records.size(), 2u);
  EXPECT_THAT(refused(records[0]), testing::HasSubstr("has 10,000,000 residues"));
  EXPECT_LT(refused(records[0]).size(), 300u);
  EXPECT_EQ(good(records[1]).residues, "ACDEF");
}

TEST(Fasta, FindsTheColumnOfABadLetterFarIntoALine) {
  const auto records = read(">a\n" + std::string(3'000'000, 'A') + "7\n", {.max_length = 1 << 30});

  EXPECT_THAT(refused(records[0]), testing::HasSubstr(":2:3000001: expected a residue"));
}

TEST(Fasta, RefusesAHeaderWithoutEnd) {
  const auto records = read(">" + std::string(5'000'000, 'A') + "\nACDEF\n>b\nACDEF\n");

  EXPECT_THAT(refused(records[0]), testing::HasSubstr("the header is longer than 65,536 bytes"));
  EXPECT_LE(std::get<FastaRefusal>(records[0]).name.size(), 100u);
  EXPECT_EQ(good(records[1]).name, "b");
}

TEST(Fasta, ReadsDatabasesLeniently) {
  const TemporaryFolder folder;
  const auto path = folder.write("db", ">a\nACDEF*\n>\nAA\n>b\n*\n>a\nA-C.7*d\n>c\nUOBZ\xff\n");

  io::FastaReader reader(path, {.lenient = true});

  EXPECT_EQ(good(*reader.next()).residues, "ACDEF");
  EXPECT_EQ(good(*reader.next()), (Sequence{"a", "", "ACXXD"}));
  EXPECT_EQ(good(*reader.next()).residues, "UOBZX");
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_EQ(reader.skipped(), 2u);
}

TEST(Fasta, GivesTheSameFromAGzipFile) {
  const TemporaryFolder folder;
  std::vector<Sequence> sequences;
  for (int i = 0; i < 20'000; ++i) {
    sequences.push_back({"s" + std::to_string(i), "", std::string(1 + i % 300, "ACDEF"[i % 5])});
  }
  const std::string path = (folder.path() / "packed").string();
  const std::string text = io::format_fasta(sequences);
  gzFile file = gzopen(path.c_str(), "wb1");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);

  const auto records = io::read_fasta(path);

  ASSERT_EQ(records.size(), sequences.size());
  for (std::size_t i = 0; i < records.size(); ++i) ASSERT_EQ(good(records[i]), sequences[i]);
}

TEST(Fasta, WritesWhatItReads) {
  const TemporaryFolder folder;
  const std::vector<Sequence> sequences = {{"one", "first of two", std::string(200, 'W')},
                                           {"two", "", "ACDEF"}};

  io::write_fasta(folder.path() / "out.fasta", sequences);
  const auto records = io::read_fasta(folder.path() / "out.fasta");

  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(good(records[0]), sequences[0]);
  EXPECT_EQ(good(records[1]), sequences[1]);
}

TEST(Fasta, SaysThatTheFileIsAbsent) {
  expect_error(ErrorKind::NotFound, "there is no file 'absent.fasta'",
               [] { io::FastaReader("absent.fasta"); });
}

}  // namespace
