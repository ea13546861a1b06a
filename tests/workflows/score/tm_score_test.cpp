#include "test_support.hpp"
#include "workflows/score/perturbed_pairs.hpp"

#include <foldstream/workflows/score/tm_score.hpp>

#include <chrono>
#include <limits>
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

TEST(TmScore, IsOneForAMovedCopy) {
  const auto walk = test::random_walk(60, 1);

  const TmScore score = search_tm_score(positions(test::moved(walk)), positions(walk), 60);

  EXPECT_NEAR(score.tm_score, 1, 1e-9);
  EXPECT_EQ(score.gdt_ts, 1);
  EXPECT_EQ(score.gdt_ha, 1);
  EXPECT_LT(rmsd(score.superposition, positions(test::moved(walk)), positions(walk)), 1e-6);
}

TEST(TmScore, UsesTheScaleOfThePaper) {
  EXPECT_DOUBLE_EQ(tm_d0(15), 0.5);
  EXPECT_DOUBLE_EQ(tm_d0(5), 0.5);
  EXPECT_NEAR(tm_d0(142), 1.24 * 5.0265256953 - 1.8, 1e-9);
  EXPECT_DOUBLE_EQ(tm_d0(16 + 999), 1.24 * 10 - 1.8);
}

TEST(TmScore, FindsTheHalfThatFits) {
  const auto walk = test::random_walk(80, 2);
  auto points = positions(walk);
  for (std::size_t k = 40; k < 80; ++k) points[k].z += 500;

  const TmScore score = search_tm_score(points, positions(walk), 80);

  EXPECT_NEAR(score.tm_score, 0.5, 1e-3);
  EXPECT_EQ(score.gdt_ts, 0.5);
}

TEST(TmScore, IsNormalisedByTheLengthGiven) {
  const auto points = positions(test::random_walk(30, 3));

  EXPECT_NEAR(search_tm_score(points, points, 60).tm_score, 0.5, 1e-9);
  EXPECT_EQ(search_tm_score(points, points, 60).d0, tm_d0(60));
  EXPECT_NEAR(tm_score(points, points), 1, 1e-9);
}

TEST(TmScore, SampledSearchIsNearTheExhaustiveOneAndNeverAbove) {
  const auto walk = test::random_walk(150, 4);
  const auto bent = positions(test::with_noise(test::with_hinge(walk, 70, 60), 1.5, 5));

  const double exhaustive = tm_score(bent, positions(walk));
  const double sampled = tm_score(bent, positions(walk), Search::Sampled);

  EXPECT_LE(sampled, exhaustive);
  EXPECT_GT(sampled, exhaustive - 0.01);
}

TEST(TmScore, WorksOnThreePointsAndOnPointsFarApart) {
  const std::vector<io::Vec3> three{{0, 0, 0}, {3.8, 0, 0}, {3.8, 3.8, 0}};
  const std::vector<io::Vec3> apart{{0, 0, 0}, {9e5, 0, 0}, {0, 9e5, 0}, {0, 0, 9e5}};
  const std::vector<io::Vec3> other{{9e5, 9e5, 0}, {0, 0, 0}, {-9e5, 0, 0}, {0, -9e5, 5}};

  EXPECT_NEAR(tm_score(three, three), 1, 1e-9);
  EXPECT_GE(tm_score(apart, other), 0);
}

TEST(TmScore, ScoresAThousandResiduesWithoutStalling) {
  const auto walk = test::random_walk(1000, 6);
  const auto bent = positions(test::with_noise(test::with_hinge(walk, 500, 50), 2, 7));
  const auto start = std::chrono::steady_clock::now();

  EXPECT_GT(tm_score(bent, positions(walk)), 0.4);

  // a bound for a busy machine with sanitizers too; 0.4 s were measured for a release build
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST(TmScore, RefusesWhatCannotBeScored) {
  const std::vector<io::Vec3> two(2), three(3);
  std::vector<io::Vec3> broken(3);
  broken[1].y = std::numeric_limits<double>::quiet_NaN();

  expect_error(ErrorKind::InvalidArgument, "at least 3 pairs", [&] { tm_score(two, two); });
  expect_error(ErrorKind::InvalidArgument, "3 of the model and 2", [&] { tm_score(three, two); });
  expect_error(ErrorKind::InvalidArgument, "not 0", [&] { search_tm_score(three, three, 0); });
  expect_error(ErrorKind::InvalidArgument, "point 2 of the model has no usable coordinates",
               [&] { tm_score(broken, three); });
}

}  // namespace
}  // namespace foldstream::workflows::score
