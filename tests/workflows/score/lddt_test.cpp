#include "test_support.hpp"

#include <foldstream/workflows/score/lddt.hpp>

#include <vector>

namespace foldstream::workflows::score {
namespace {

using test::expect_error;
using Positions = std::vector<std::optional<io::Vec3>>;

const std::vector<io::Vec3> line{{0, 0, 0}, {4, 0, 0}, {8, 0, 0}};

TEST(Lddt, IsOneForACopyWhereverItLies) {
  const Positions moved{io::Vec3{0, 9, 0}, io::Vec3{0, 13, 0}, io::Vec3{0, 17, 0}};

  EXPECT_EQ(lddt_ca(moved, line).global, 1);
}

TEST(Lddt, AveragesTheFourTolerances) {
  // the last point is 1.5 Å out along the line: both its distances keep 2 and 4 Å, not 0.5 and 1
  const Positions model{line[0], line[1], io::Vec3{9.5, 0, 0}};

  const Lddt lddt = lddt_ca(model, line);

  EXPECT_DOUBLE_EQ(lddt.global, (4 + 2 + 2) / 12.0);
  EXPECT_DOUBLE_EQ(lddt.per_residue[0], 0.75);
  EXPECT_DOUBLE_EQ(lddt.per_residue[2], 0.5);
}

TEST(Lddt, CountsDistancesToAMissingResidueAsLost) {
  const Positions model{line[0], line[1], std::nullopt};

  const Lddt lddt = lddt_ca(model, line);

  EXPECT_DOUBLE_EQ(lddt.global, 1 / 3.0);
  EXPECT_DOUBLE_EQ(lddt.per_residue[0], 0.5);
  EXPECT_DOUBLE_EQ(lddt.per_residue[2], 0);
}

TEST(Lddt, IgnoresDistancesOfFifteenAngstromsOrMore) {
  const std::vector<io::Vec3> native{{0, 0, 0}, {14.9, 0, 0}, {-15, 0, 0}};
  const Positions model{native[0], native[1], io::Vec3{-99, 0, 0}};

  EXPECT_EQ(lddt_ca(model, native).global, 1);
}

TEST(Lddt, RefusesUnequalSizes) {
  expect_error(ErrorKind::InvalidArgument, "there are 2 for 3",
               [] { lddt_ca(Positions(2), line); });
}

}  // namespace
}  // namespace foldstream::workflows::score
