// The picture of a PAE matrix.
#include "report/pictures.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

namespace foldstream::workflows::report {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

io::Structure chains_of(const std::vector<int>& lengths) {
  io::Structure structure;
  for (const int length : lengths) structure.chains.emplace_back().residues.resize(length);
  return structure;
}

TEST(PaeCells, KeepSmallMatricesAsTheyAre) {
  const std::vector<float> pae = {0, 3, 6, 9};

  const PaeCells cells = pae_cells(pae, 2);

  EXPECT_EQ(cells.side, 2);
  EXPECT_EQ(cells.error, pae);
}

TEST(PaeCells, AreMeansOfLargeOnes) {
  constexpr std::size_t residues = 300;
  std::vector<float> pae(residues * residues);
  for (std::size_t i = 0; i < residues; ++i)
    for (std::size_t j = 0; j < residues; ++j) pae[i * residues + j] = static_cast<float>(i) / 10;

  const PaeCells cells = pae_cells(pae, residues);

  EXPECT_EQ(cells.side, 128);
  EXPECT_FLOAT_EQ(cells.error.front(), 0.1F);  // rows 0 to 2
  EXPECT_TRUE(std::ranges::equal(std::span(cells.error).first(128),
                                 std::vector<float>(128, cells.error.front())));
  EXPECT_FLOAT_EQ(cells.error.back(), 29.85F);  // rows 298 and 299
}

TEST(PaeCells, AreNoneOfAMatrixOfAnotherSize) {
  EXPECT_EQ(pae_cells({}, 3).side, 0);
  EXPECT_EQ(pae_cells({1, 2, 3}, 2).side, 0);
  EXPECT_EQ(draw_pae(pae_cells({}, 0), {}), "");
}

TEST(DrawPae, JoinsCellsOfOneLevelAndLeavesLargeErrorsOut) {
  const std::string picture = draw_pae(pae_cells({1, 1, 40, 10, 31, 1, NAN, 30, 1}, 3), chains_of({3}));

  EXPECT_EQ(count_of(picture, "class=\"pae\""), 2U);  // 0 to 3 A, 9 to 12 A
  EXPECT_EQ(count_of(picture, "M"), 4U);  // of nine cells two are one, and four are blank
  EXPECT_THAT(picture, HasSubstr("fill-opacity=\"0.95\""));
  EXPECT_THAT(picture, Not(HasSubstr("class=\"cut\"")));
}

TEST(DrawPae, SetsChainsApart) {
  const std::string picture = draw_pae(pae_cells(std::vector<float>(16, 2), 4), chains_of({1, 2, 1}));

  EXPECT_EQ(count_of(picture, "class=\"cut\""), 2U);
}

}  // namespace
}  // namespace foldstream::workflows::report
