#include "families.hpp"
#include "predict/doubts.hpp"
#include "test_support.hpp"

#include <algorithm>

namespace foldstream::workflows::predict {
namespace {

using test::coupled_family;
using test::expect_error;

std::string doubts_in(const io::Msa& msa, const Repeats& repeats = {}) {
  std::string text;
  for (const std::string& doubt : doubts_about(read_alignment(msa, 100'000, {}), repeats)) {
    text += doubt + "\n";
  }
  return text;
}

void expect_too_shallow(const std::string& message, const io::Msa& msa) {
  expect_error(ErrorKind::InvalidArgument, message,
               [&] { check_depth(read_alignment(msa, 100'000, {})); });
}

TEST(Doubts, AreNoneAboutADeepAlignment) { EXPECT_EQ(doubts_in(coupled_family(300, 60)), ""); }

TEST(Doubts, NameADepthThatIsHopeless) {
  EXPECT_THAT(doubts_in(coupled_family(40, 60)),
              testing::HasSubstr("far too shallow: 40 effective sequences for 60 residues, where "
                                 "232 are fair; expect a wrong fold."));
}

TEST(Doubts, RefuseAnAlignmentOfGapRows) {
  io::Msa msa = coupled_family(1, 30);
  for (int n = 0; n < 500; ++n) msa.rows.push_back({"gaps", "", std::string(30, '-')});

  expect_too_shallow("1 sequence (1 effective)", msa);
  expect_too_shallow("Of 501 rows, 500 fill less than half of the columns.", msa);
}

TEST(Doubts, RefuseTheQueryRepeated) {
  io::Msa msa = coupled_family(1, 30);
  msa.rows.resize(200'000, msa.rows.front());

  expect_too_shallow("Of 200000 rows, 199999 only repeat another row.", msa);
}

TEST(Doubts, RefuseRowsOfUnknownResidues) {
  io::Msa msa = coupled_family(100, 30);
  for (std::size_t r = 1; r < msa.rows.size(); ++r) msa.rows[r].a3m = std::string(30, 'X');

  expect_too_shallow("99 fill less than half of the columns", msa);
}

TEST(Doubts, NameTheUnknownResiduesOfTheQuery) {
  io::Msa msa = coupled_family(300, 40);
  msa.rows.front().a3m.replace(2, 6, "XXXBZU");

  EXPECT_THAT(doubts_in(msa), testing::HasSubstr("6 residues of the query of 40 (3-8)"));
}

TEST(Doubts, NameTheColumnsThatHomologsDoNotFill) {
  io::Msa msa = coupled_family(300, 40);
  for (std::size_t r = 1; r < msa.rows.size(); ++r) msa.rows[r].a3m.replace(0, 7, "-------");

  EXPECT_THAT(doubts_in(msa), testing::HasSubstr("7 residues of 40 (1-7) stand in columns"));
}

TEST(Doubts, NameThePeriodOfRepeats) {
  Repeats repeats;
  repeats.period = 33;
  repeats.last = 98;

  EXPECT_THAT(doubts_in(coupled_family(300, 60), repeats),
              testing::HasSubstr("residues 1-99, period 33"));
}

TEST(Doubts, NameManyConservedCysteines) {
  io::Msa msa = coupled_family(300, 50);
  for (io::MsaRow& row : msa.rows) {
    for (const std::size_t i : {4, 14, 24, 34}) row.a3m[i] = 'C';
  }

  EXPECT_THAT(doubts_in(msa), testing::HasSubstr("4 of 50 columns are conserved cysteines"));
}

}  // namespace
}  // namespace foldstream::workflows::predict
