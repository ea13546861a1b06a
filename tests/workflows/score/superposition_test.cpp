#include "test_support.hpp"
#include "workflows/score/perturbed_pairs.hpp"

#include <foldstream/workflows/score/superposition.hpp>

#include <vector>

namespace foldstream::workflows::score {
namespace {

using test::expect_error;

std::vector<io::Vec3> positions(const io::Structure& structure) {
  std::vector<io::Vec3> points;
  for (const auto& residue : structure.chains[0].residues)
    points.push_back(residue.atoms[0].position);
  return points;
}

double determinant(const Superposition& motion) {
  const auto& r = motion.rotation;
  return r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) -
         r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
         r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
}

TEST(Superposition, FindsARigidMotionExactly) {
  const auto walk = test::random_walk(40, 5);
  const auto fixed = positions(test::moved(walk));

  const Superposition motion = superpose(positions(walk), fixed);

  EXPECT_LT(rmsd(motion, positions(walk), fixed), 1e-10);
  EXPECT_NEAR(motion.rotation[0][2], 1, 1e-12);
  EXPECT_NEAR(motion.translation.y, -80, 1e-9);
}

TEST(Superposition, NeverMirrors) {
  const auto points = positions(test::random_walk(40, 6));
  auto mirrored = points;
  for (auto& point : mirrored) point.x = -point.x;

  const Superposition motion = superpose(points, mirrored);

  EXPECT_NEAR(determinant(motion), 1, 1e-12);
  EXPECT_GT(rmsd(motion, points, mirrored), 1);
}

TEST(Superposition, BeatsEverySmallTurnAwayFromIt) {
  const auto points = positions(test::random_walk(30, 7));
  const auto noisy = positions(test::with_noise(test::random_walk(30, 7), 2.0, 8));
  const Superposition best = superpose(points, noisy);
  const double least = rmsd(best, points, noisy);

  for (const double turn : {-0.01, 0.01}) {
    Superposition other = best;
    for (int k = 0; k < 3; ++k) {
      other.rotation[0][k] = best.rotation[0][k] - turn * best.rotation[1][k];
      other.rotation[1][k] = best.rotation[1][k] + turn * best.rotation[0][k];
    }
    EXPECT_GT(rmsd(other, points, noisy), least);
  }
}

TEST(Superposition, KeepsDigitsFarFromTheOrigin) {
  auto points = positions(test::random_walk(30, 9));
  for (auto& point : points) point.x += 1e5;

  EXPECT_LT(rmsd(superpose(points, points), points, points), 1e-8);
}

TEST(Superposition, WorksOnALine) {
  const std::vector<io::Vec3> along_x{{0, 0, 0}, {1, 0, 0}, {2, 0, 0}};
  const std::vector<io::Vec3> along_y{{0, 5, 0}, {0, 6, 0}, {0, 7, 0}};

  EXPECT_LT(rmsd(superpose(along_x, along_y), along_x, along_y), 1e-12);
}

TEST(Superposition, MovesEveryAtomOfAStructure) {
  io::Structure walk = test::random_walk(3, 1);
  Superposition motion;
  motion.translation = {1, 2, 3};

  const auto moved = apply(motion, walk);

  EXPECT_EQ(positions(moved)[2].y, positions(walk)[2].y + 2);
}

TEST(Superposition, RefusesUnequalOrNoPoints) {
  const std::vector<io::Vec3> two(2), three(3), none;

  expect_error(ErrorKind::InvalidArgument, "cannot superpose 2 points on 3",
               [&] { superpose(two, three); });
  expect_error(ErrorKind::InvalidArgument, "at least one", [&] { superpose(none, none); });
}

}  // namespace
}  // namespace foldstream::workflows::score
