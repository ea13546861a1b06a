#include "predict/hands.hpp"
#include "predict/random.hpp"

#include <gtest/gtest.h>

namespace foldstream::workflows::predict {
namespace {

std::vector<Vec3> mirrored(std::vector<Vec3> points) {
  for (Vec3& point : points) point.x = -point.x;
  return points;
}

std::vector<Vec3> random_trace(std::uint64_t seed) {
  Random random(seed, 1);
  std::vector<Vec3> trace;
  for (int i = 0; i < 60; ++i) {
    trace.push_back({8 * random.uniform(), 8 * random.uniform(), 0.2 * i});
  }
  return trace;
}

std::vector<int> strands(std::size_t length) { return std::vector<int>(length, 1); }

/// Counted on right-handed spirals alone.
HandTables spiral_tables() {
  HandChain chain;
  for (int i = 0; i < 400; ++i) {
    chain.ca.push_back({6 * std::cos(0.55 * i), 6 * std::sin(0.55 * i), 0.4 * i});
  }
  chain.structure = strands(chain.ca.size());
  return count_hands(std::vector<HandChain>(20, chain));
}

TEST(Hands, TablesAreAntisymmetricAndOfTheStatedShape) {
  const HandTables tables = spiral_tables();

  ASSERT_EQ(tables.packing.size(), 2592U);
  ASSERT_EQ(tables.crossover.size(), 1728U);
  for (std::size_t k = 0; k < tables.packing.size(); ++k) {
    EXPECT_FLOAT_EQ(tables.packing[k], -tables.packing[k / 8 * 8 + 7 - k % 8]);
  }
}

TEST(Hands, AMirrorImageHasTheOppositeScore) {
  const std::vector<Vec3> trace = random_trace(1);

  const double score = hand_score(trace, strands(trace.size()), spiral_tables());

  EXPECT_NE(score, 0);
  EXPECT_NEAR(hand_score(mirrored(trace), strands(trace.size()), spiral_tables()), -score, 1e-6);
}

TEST(Hands, PreferWhatTheyWereCountedOn) {
  std::vector<Vec3> spiral;
  for (int i = 0; i < 80; ++i) {
    spiral.push_back({6 * std::cos(0.55 * i), 6 * std::sin(0.55 * i), 0.4 * i});
  }

  EXPECT_GT(hand_score(spiral, strands(spiral.size()), spiral_tables()), 1);
}

TEST(Hands, OfUncountedTurnsIsZero) {
  const std::vector<Vec3> trace = random_trace(2);
  const HandTables empty = count_hands({});

  EXPECT_EQ(hand_score(trace, strands(trace.size()), empty), 0);
}

TEST(Hands, ClassesAreTheMostLikelyStructure) {
  const LocalPrediction local{3, {0.5F, 0.2F, 0.3F, 0.1F, 0.6F, 0.3F, 0.3F, 0.3F, 0.4F}, {}, {}};

  EXPECT_EQ(structure_classes(local), (std::vector<int>{0, 1, 2}));
}

}  // namespace
}  // namespace foldstream::workflows::predict
