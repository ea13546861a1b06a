#include "test_support.hpp"

#include <foldstream/io/a3m.hpp>

#include <vector>

namespace {

using namespace foldstream;
using test::expect_error;

TEST(A3m, ReadsRowsWithTheirInsertions) {
  const io::Msa msa = io::parse_a3m(">query a protein\nACDE\n>hit\nA-cccDE\n", "x.a3m");

  ASSERT_EQ(msa.rows.size(), 2u);
  EXPECT_EQ(msa.rows[0], (io::MsaRow{"query", "a protein", "ACDE"}));
  EXPECT_EQ(msa.rows[1], (io::MsaRow{"hit", "", "A-cccDE"}));
}

TEST(A3m, SkipsCommentsDotsAndStructureRows) {
  const io::Msa msa = io::parse_a3m(
      "# made by hand\n>ss_pred\nCCHH\n>ss_conf\n9017\n>query\r\nAC\r\nDE\n\n>hit\nA.-aDE",
      "x.a3m");

  ASSERT_EQ(msa.rows.size(), 2u);
  EXPECT_EQ(msa.rows[0].a3m, "ACDE");
  EXPECT_EQ(msa.rows[1].a3m, "A-aDE");
}

TEST(A3m, ToleratesTheNulBytesOfMmseqs) {
  const std::string text(">query\nACDE\n\0>hit\nA-DE\0\n\0", 25);

  const io::Msa msa = io::parse_a3m(text, "x.a3m");

  ASSERT_EQ(msa.rows.size(), 2u);
  EXPECT_EQ(msa.rows[1].a3m, "A-DE");
}

TEST(A3m, WritesWhatItReads) {
  const std::string text = ">query a protein\nACDE\n>hit/3-9\nA-DEeee\n";

  EXPECT_EQ(io::format_a3m(io::parse_a3m(text, "x.a3m")), text);
}

TEST(A3m, NamesTheRowOfAnotherLength) {
  expect_error(ErrorKind::Parse, "x.a3m:3:1: row 2 'hit' has 5 aligned columns; the query has 4",
               [] { io::parse_a3m(">query\nACDE\n>hit\nACDEF\n>b\nACDE\n", "x.a3m"); });
}

TEST(A3m, SaysWhereTheFirstRowIsNotTheQuery) {
  const io::Msa msa = io::parse_a3m(">q\nACDE\n", "x.a3m");

  io::check_query(msa, {"q", "", "ACDE"}, "x.a3m");
  expect_error(ErrorKind::InvalidArgument,
               "x.a3m: the first row is not the query 'q': they differ first at column 3, where "
               "the row has 'D' and the query 'W'",
               [&] {
                 io::check_query(msa, {"q", "", "ACWE"}, "x.a3m");
               });
  expect_error(ErrorKind::InvalidArgument, "the row has 4 residues, the query has 5", [&] {
    io::check_query(msa, {"q", "", "ACDEF"}, "x.a3m");
  });
}

TEST(A3m, ReadsEveryAlignmentOfTheReferenceData) {
  FOLDSTREAM_NEEDS("data/pairs");
  int count = 0;
  for (const auto& pair :
       std::filesystem::directory_iterator(test::shared_folder() / "data/pairs")) {
    const io::Msa msa = io::read_a3m(pair.path() / "msa.a3m.gz");

    EXPECT_GE(msa.rows.size(), 154u) << pair.path();
    EXPECT_EQ(Codec<io::Msa>::decode(Codec<io::Msa>::encode(msa)), msa) << pair.path();
    ++count;
  }
  EXPECT_EQ(count, 30);
}

}  // namespace
