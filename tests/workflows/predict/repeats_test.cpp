#include "families.hpp"
#include "predict/repeats.hpp"

#include <gtest/gtest.h>

namespace foldstream::workflows::predict {
namespace {

/// Rows of `units` copies of one unit of 24 residues, each residue kept with probability 0.7.
io::Msa repeat_family(int rows, int units) {
  std::mt19937_64 random(11);
  std::string unit;
  for (int k = 0; k < 24; ++k) unit += io::amino_acids[random() % 20];
  io::Msa msa;
  for (int n = 0; n < rows; ++n) {
    std::string letters;
    for (int k = 0; k < 24 * units; ++k) {
      letters += random() % 10 < 7 ? unit[k % 24] : io::amino_acids[random() % 20];
    }
    msa.rows.push_back({"row", "", letters});
  }
  return msa;
}

TEST(Repeats, AreFoundWithTheirPeriodAndRegion) {
  const Repeats repeats = find_repeats(read_alignment(repeat_family(60, 4), 60, {}));

  EXPECT_EQ(repeats.period, 24);
  EXPECT_LT(repeats.first, 5);
  EXPECT_GT(repeats.last, 90);
  EXPECT_GE(repeats.strength, 25);
}

TEST(Repeats, AreNotFoundInFamiliesThatHaveNone) {
  EXPECT_FALSE(find_repeats(read_alignment(test::coupled_family(100, 80), 100, {})).found());
}

TEST(Repeats, AreNotFoundInOneSequence) {
  EXPECT_FALSE(find_repeats(read_alignment(test::coupled_family(1, 120), 1, {})).found());
}

TEST(Repeats, OfTwoUnitsCannotBeAlignedOneOff) {
  EXPECT_FALSE(find_repeats(read_alignment(repeat_family(60, 2), 60, {})).found());
}

TEST(Repeats, HideEquivalentPositionsAndNothingElse) {
  Repeats repeats;
  repeats.matches = {{.offset = 5, .first = 1, .last = 2}};
  PairMap z(10);
  std::fill(z.values.begin(), z.values.end(), 3.0F);

  mask_repeats(repeats, z);

  EXPECT_EQ(z.at(1, 6), 0);
  EXPECT_EQ(z.at(7, 2), 0);
  EXPECT_EQ(std::count(z.values.begin(), z.values.end(), 3.0F), 96);
}

}  // namespace
}  // namespace foldstream::workflows::predict
