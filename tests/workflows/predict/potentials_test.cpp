#include "predict/potentials.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace foldstream::workflows::predict {
namespace {

/// All pairs alike and far apart, but the pair (2, 12), which is probably at 6 to 7 Å.
DistanceMap one_contact() {
  DistanceMap map{16, {}};
  for (int separation = shortest_separation; separation < map.length; ++separation) {
    for (int i = 0; i + separation < map.length; ++i) {
      DistanceMap::Pair pair;
      pair.i = i;
      pair.j = i + separation;
      pair.probability = {0,     0,     0,     0.01F, 0.01F, 0.05F, 0.05F, 0.05F,
                          0.05F, 0.05F, 0.05F, 0.1F,  0.1F,  0.1F,  0.38F};
      if (i == 2 && separation == 10) pair.probability = {0, 0.05F, 0.2F, 0.5F, 0.15F, 0.1F};
      map.pairs.push_back(pair);
    }
  }
  return map;
}

const PairPotentials::Pair& contact_of(const PairPotentials& potentials) {
  return *std::find_if(potentials.pairs.begin(), potentials.pairs.end(),
                       [](const auto& pair) { return pair.i == 2 && pair.j == 12; });
}

TEST(Potentials, AreLowestWhereThePairProbablyIs) {
  const PairPotentials potentials = make_potentials(one_contact());

  const auto& energy = contact_of(potentials).energy;
  const auto lowest = std::min_element(energy.begin(), energy.end()) - energy.begin();

  EXPECT_NEAR(static_cast<double>(lowest) * PairPotentials::step, 6.5, 1.1);
  EXPECT_FLOAT_EQ(contact_of(potentials).contact, 0.9F);
}

TEST(Potentials, EndAtZero) {
  for (const auto& pair : make_potentials(one_contact()).pairs) EXPECT_EQ(pair.energy.back(), 0);
}

TEST(Potentials, RewardTheUnusualMoreThanTheCommon) {
  const PairPotentials potentials = make_potentials(one_contact());
  const auto depth = [](const auto& pair) {
    return *std::min_element(pair.energy.begin(), pair.energy.end());
  };

  for (const auto& pair : potentials.pairs) {
    if (pair.i == 2 && pair.j == 12) continue;
    EXPECT_LT(depth(contact_of(potentials)), depth(pair) - 1);
  }
}

TEST(Potentials, CountPairsBySeparation) {
  const PairPotentials potentials = make_potentials(one_contact());

  EXPECT_EQ(potentials.count_within(2), 0);
  EXPECT_EQ(potentials.count_within(15), static_cast<int>(potentials.pairs.size()));
  EXPECT_LE(potentials.pairs[static_cast<std::size_t>(potentials.count_within(6) - 1)].j, 15);
}

}  // namespace
}  // namespace foldstream::workflows::predict
