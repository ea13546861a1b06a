#include "folding_input.hpp"
#include "predict/pair_energy.hpp"
#include "predict/torsions.hpp"

#include <gtest/gtest.h>

namespace foldstream::workflows::predict {
namespace {

using test::gradient_error;
using test::random_torsions;

std::vector<double> lane_of(const std::vector<Torsions>& torsions, std::size_t lane) {
  std::vector<double> own;
  for (const Torsions& residue : torsions) {
    own.insert(own.end(), {residue.phi[lane], residue.psi[lane]});
  }
  return own;
}

/// Every pair likes 7 Å.
PairPotentials springs(int length) {
  PairPotentials potentials{length, {}};
  for (int separation = 3; separation < length; ++separation) {
    for (int i = 0; i + separation < length; ++i) {
      PairPotentials::Pair pair{i, i + separation, 0.5F, {}};
      for (std::size_t k = 0; k < pair.energy.size(); ++k) {
        pair.energy[k] = std::min(0.0F, std::abs(0.5F * static_cast<float>(k) - 7) - 5);
      }
      potentials.pairs.push_back(pair);
    }
  }
  return potentials;
}

TEST(Lanes, SineAndRootAreGoodToFloatPrecision) {
  for (float x = -3.14F; x < 3.14F; x += 0.01F) {
    EXPECT_NEAR(sine(all(x))[3], std::sin(x), 2e-6);
    EXPECT_NEAR(cosine(all(x))[7], std::cos(x), 2e-6);
    EXPECT_NEAR(inverse_root(all(x * x + 0.1F))[1] * std::sqrt(x * x + 0.1F), 1, 1e-6);
  }
}

TEST(Lanes, PlacesLieBetweenTheirPoints) {
  for (float x = 0; x < 40; x += 0.125F) {
    const Place place = place_of(all(x));

    EXPECT_FLOAT_EQ(static_cast<float>(place.index[5]) + place.rest[5], x);
    EXPECT_GE(place.index[5], 0);
    EXPECT_TRUE(place.rest[5] >= 0 && place.rest[5] <= 1) << x;
  }
}

TEST(Chains, AreTheBackbonesOfTheirTorsions) {
  const auto torsions = random_torsions(40);
  Atoms chains(torsions.size());
  build_chains(torsions, chains);

  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    const auto chain = test::chain_of(lane_of(torsions, lane));
    EXPECT_NEAR(chains.n[39].x[lane], chain[39].n.x, 1e-3);
    EXPECT_NEAR(chains.cb[39].y[lane], chain[39].cb.y, 1e-3);
    EXPECT_NEAR(chains.o[38].z[lane], carbonyl_oxygen(chain[38], chain[39].n).z, 1e-3);
  }
}

TEST(PairEnergy, DistancesHaveTheGradientOfFiniteDifferences) {
  const PairPotentials potentials = springs(14);
  const PairStage stage{static_cast<int>(potentials.pairs.size())};

  EXPECT_LT(gradient_error(random_torsions(14),
                           [&](const Atoms& chains, Slope& slope) {
                             add_distances(potentials, stage, chains, slope);
                           }),
            0.02);
}

TEST(PairEnergy, StericsHaveTheGradientOfFiniteDifferences) {
  EXPECT_LT(
      gradient_error(random_torsions(30),
                     [](const Atoms& chains, Slope& slope) { add_sterics(3, chains, slope); }),
      0.02);
}

TEST(PairEnergy, StericsFindEveryOverlap) {
  const auto torsions = random_torsions(30);
  Atoms chains(torsions.size());
  build_chains(torsions, chains);
  Slope slope(torsions.size());
  add_sterics(1, chains, slope);

  const auto chain = test::chain_of(lane_of(torsions, 2));
  double expected = 0;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    for (std::size_t j = i + 2; j < chain.size(); ++j) {
      expected += std::pow(std::max(0.0, 3.9 - norm(chain[i].cb - chain[j].cb)), 2);
      if (j < i + 3) continue;
      expected += std::pow(std::max(0.0, 4.0 - norm(chain[i].ca - chain[j].ca)), 2);
    }
  }
  EXPECT_NEAR(slope.energy[2], expected, 1e-2 * (1 + expected));
}

TEST(TorsionEnergy, IsLowestInTheLikelyCell) {
  const auto potentials = make_torsions(test::local_of({-1.1, -0.73, -1.1, -0.73}));
  const auto energy = [&](float phi, float psi) {
    const std::vector<Torsions> torsions(2, {all(phi), all(psi)});
    std::vector<Torsions> gradient(2);
    Lanes sum{};
    add_torsions(potentials, 1, torsions, sum, gradient);
    return sum[0];
  };

  EXPECT_LT(energy(-1.1F, -0.73F), energy(-1.1F, 2) - 2);
  EXPECT_NEAR(energy(-3.14159F, 1), energy(3.14159F, 1), 1e-3);
}

TEST(TorsionEnergy, DrawsMostlyFromTheLikelyCell) {
  const LocalPrediction local = test::local_of(std::vector<double>(400, -1.1));
  const std::vector<double> drawn = draw_torsions(local, 1, 2);

  const auto near = std::count_if(drawn.begin(), drawn.end(),
                                  [](double angle) { return std::abs(angle + 1.1) < 0.35; });
  EXPECT_EQ(drawn.size(), 400U);
  EXPECT_GT(near, 350);
  EXPECT_LT(near, 400);
}

}  // namespace
}  // namespace foldstream::workflows::predict
