#include "families.hpp"
#include "predict/alignment.hpp"
#include "test_support.hpp"

namespace foldstream::workflows::predict {
namespace {

using test::expect_error;

io::Msa rows_of(const std::vector<std::string>& letters) {
  io::Msa msa;
  for (const std::string& row : letters) msa.rows.push_back({"r", "", row});
  return msa;
}

TEST(Alignment, CountsNearlyEqualRowsOnce) {
  const Alignment alignment =
      read_alignment(rows_of({"ACDEFGHIKL", "ACDEFGHIKL", "ACDEFGHIKA", "LKIHGFEDCA"}), 100, {});

  EXPECT_FLOAT_EQ(alignment.weights[0], 1.0F / 2);
  EXPECT_FLOAT_EQ(alignment.weights[2], 1);
  EXPECT_NEAR(alignment.neff, 2, 1e-6);
}

TEST(Alignment, LeavesOutRowsThatAreMostlyGapsButKeepsTheQuery) {
  const Alignment alignment = read_alignment(rows_of({"ACDE", "A---", "AC--", "WWWW"}), 100, {});

  EXPECT_EQ(alignment.rows, 3);
  EXPECT_EQ(alignment.fragments, 1);
  EXPECT_EQ(alignment.row(1)[2], no_residue);
}

TEST(Alignment, LeavesOutDuplicatesAndAddsTheirWeights) {
  io::Msa msa = rows_of({"ACDE", "WWWW", "ACDE", "WWWW"});
  msa.weights = {0.5F, 0.25F, 0.5F, 0.125F};

  const Alignment alignment = read_alignment(msa, 100, {});

  EXPECT_EQ(alignment.rows, 2);
  EXPECT_EQ(alignment.duplicates, 2);
  EXPECT_EQ(alignment.weights, (std::vector<float>{1, 0.375F}));
}

TEST(Alignment, ReadsEveryUnknownResidueAlike) {
  const Alignment alignment = read_alignment(rows_of({"ACDEF", "XBZUF"}), 100, {});

  EXPECT_EQ(alignment.rows, 1);
  EXPECT_EQ(alignment.fragments, 1);
}

TEST(Alignment, CountsIdentityOnlyWhereBothResiduesAreKnown) {
  EXPECT_NEAR(read_alignment(rows_of({"ACDEFXX", "ACDEFWW"}), 100, {}).neff, 1, 1e-6);
  EXPECT_NEAR(read_alignment(rows_of({"ACDWWXX", "ACDEFXX"}), 100, {}).neff, 2, 1e-6);
}

TEST(Alignment, TakesOnlyRowsLikeTheQueryFarDown) {
  io::Msa msa = test::coupled_family(3400, 40);  // unrelated rows: 5 % identical
  msa.rows.push_back(msa.rows.front());
  msa.rows.back().a3m.replace(0, 20, 20, 'W');

  const Alignment alignment = read_alignment(msa, 100'000, {});

  EXPECT_GT(alignment.distant, 380);
  EXPECT_EQ(std::string(alignment.row(alignment.rows - 1), alignment.row(alignment.rows - 1) + 20),
            std::string(20, static_cast<char>(io::token_of('W'))));
}

TEST(Alignment, HasAProfileAndAnOccupancy) {
  const Alignment alignment = read_alignment(rows_of({"AAAA", "AW-W"}), 100, {});

  EXPECT_FLOAT_EQ(profile_of(alignment, 0)[20 + io::token_of('W')], 0.5F);
  EXPECT_FLOAT_EQ(profile_of(alignment, 1)[io::token_of('A')], 5.0F / 7);
  EXPECT_FLOAT_EQ(occupancy_of(alignment)[2], 0.5F);
}

TEST(Alignment, IgnoresInsertions) {
  const Alignment alignment = read_alignment(rows_of({"ACDE", "AkkCDE"}), 100, {});

  EXPECT_EQ(alignment.columns, 4);
  EXPECT_EQ(alignment.duplicates, 1);
}

TEST(Alignment, StopsAtTheLargestNumberOfRows) {
  EXPECT_EQ(read_alignment(test::coupled_family(50, 30), 20, {}).rows, 20);
}

TEST(Alignment, WeighsTheSameOnAnyNumberOfThreads) {
  const io::Msa msa = test::coupled_family(300, 30);
  Context many;
  many.threads = 3;

  EXPECT_EQ(read_alignment(msa, 300, {}).weights, read_alignment(msa, 300, many).weights);
}

TEST(Alignment, RefusesRowsOfAnotherLength) {
  expect_error(ErrorKind::InvalidArgument, "has 3 columns, its query has 4", [] {
    read_alignment(rows_of({"ACDE", "ACD"}), 100, {});
  });
}

TEST(Alignment, RefusesAnEmptyOne) {
  expect_error(ErrorKind::InvalidArgument, "the alignment is empty",
               [] { read_alignment({}, 100, {}); });
}

}  // namespace
}  // namespace foldstream::workflows::predict
