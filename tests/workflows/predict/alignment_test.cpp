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

  EXPECT_FLOAT_EQ(alignment.weights[0], 1.0F / 3);
  EXPECT_FLOAT_EQ(alignment.weights[3], 1);
  EXPECT_NEAR(alignment.neff, 2, 1e-6);
}

TEST(Alignment, LeavesOutRowsThatAreMostlyGapsButKeepsTheQuery) {
  const Alignment alignment = read_alignment(rows_of({"ACDE", "A---", "AC--", "WWWW"}), 100, {});

  EXPECT_EQ(alignment.rows, 3);
  EXPECT_EQ(alignment.row(1)[2], no_residue);
}

TEST(Alignment, IgnoresInsertions) {
  const Alignment alignment = read_alignment(rows_of({"ACDE", "AkkCDE"}), 100, {});

  EXPECT_EQ(alignment.columns, 4);
  EXPECT_NEAR(alignment.neff, 1, 1e-6);
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
