#include "folding_input.hpp"
#include "predict/orientations.hpp"
#include "predict/sheets.hpp"

#include <gtest/gtest.h>

namespace foldstream::workflows::predict {
namespace {

using test::gradient_error;
using test::random_torsions;

/// Pairs that are surely near, with likely turns that differ from pair to pair.
DistanceMap near_pairs(int length) {
  DistanceMap map{length, {}};
  for (int separation = shortest_separation; separation < length; ++separation) {
    for (int i = 0; i + separation < length; ++i) {
      DistanceMap::Pair pair;
      pair.i = i;
      pair.j = i + separation;
      pair.probability[3] = 1;
      const auto peak = static_cast<std::size_t>(i + 2 * separation);
      pair.omega[peak % 12] = pair.theta_ij[(peak + 3) % 12] = pair.theta_ji[peak % 5] = 1;
      pair.phi_ij[peak % 6] = pair.phi_ji[(peak + 1) % 6] = 1;
      map.pairs.push_back(pair);
    }
  }
  return map;
}

double orientation_error(const OrientationWeights& weights) {
  const OrientationPotentials potentials = make_orientations(near_pairs(14), weights);
  return gradient_error(random_torsions(14), [&](const Atoms& chains, Slope& slope) {
    add_orientations(potentials, 14, chains, slope);
  });
}

TEST(Orientations, HaveTheGradientOfFiniteDifferences) {
  EXPECT_LT(orientation_error({1, 0, 0}), 0.03);
  EXPECT_LT(orientation_error({0, 1, 0}), 0.03);
  EXPECT_LT(orientation_error({0, 0, 1}), 0.03);
}

TEST(Orientations, AreLowestAtTheLikelyDihedral) {
  const auto torsions = random_torsions(8);
  Atoms chains(torsions.size());
  build_chains(torsions, chains);
  const auto energy_of = [&](std::size_t bin) {
    DistanceMap map{8, {{1, 6, {0, 0, 0, 1}, 0, 0, {}, {}, {}, {}, {}}}};
    for (float& p : map.pairs[0].omega) p = 0.02F;
    map.pairs[0].omega[bin] = 0.78F;
    map.pairs.push_back(map.pairs[0]);
    map.pairs[1].omega.fill(1.0F / 12);  // else the pair were its own reference
    OrientationPotentials potentials = make_orientations(map, {1, 0, 0});
    potentials.pairs.resize(1);
    Slope slope(torsions.size());
    add_orientations(potentials, 8, chains, slope);
    return slope.energy[4];
  };
  double angle = 0;  // of lane 4, by the definition
  {
    const auto at = [](const Points& p) { return Vec3{p.x[4], p.y[4], p.z[4]}; };
    const Vec3 f = at(chains.cb[1]) - at(chains.ca[1]);
    const Vec3 g = at(chains.cb[6]) - at(chains.cb[1]);
    const Vec3 h = at(chains.ca[6]) - at(chains.cb[6]);
    const Vec3 n = cross(f, g);
    const Vec3 m = cross(g, h);
    angle = std::atan2(dot(cross(n, m), unit(g)), dot(n, m));
  }
  const auto bin = static_cast<std::size_t>((angle / std::numbers::pi + 1) * 6) % 12;

  EXPECT_LT(energy_of(bin), energy_of((bin + 4) % 12) - 0.5);
  EXPECT_LT(energy_of(bin), energy_of((bin + 8) % 12) - 0.5);
}

SheetPotentials every_term() {
  SheetPotentials potentials;
  potentials.bridges = {{2, 12, 0.9F}, {4, 14, 0.5F}};
  potentials.bonds = {{3, 12, 0.8F}, {12, 3, 0.8F}, {15, 6, 0.4F}};
  potentials.crossovers = {{3, 17, 0.6F}};
  return potentials;
}

TEST(Sheets, HaveTheGradientOfFiniteDifferences) {
  const SheetPotentials potentials = every_term();
  for (const SheetStage& stage : {SheetStage{1, 0, 0}, SheetStage{0, 3, 0}, SheetStage{0, 0, 10}}) {
    EXPECT_LT(gradient_error(random_torsions(22),
                             [&](const Atoms& chains, Slope& slope) {
                               add_sheets(potentials, stage, chains, slope);
                             }),
              0.02);
  }
}

TEST(Sheets, AntiparallelPartnersBindBothWaysAndProlineGivesNothing) {
  DistanceMap map = near_pairs(20);
  for (DistanceMap::Pair& pair : map.pairs) {
    if (pair.i == 4 && pair.j == 13) pair.antiparallel = 0.9F;
  }
  const LocalPrediction local = test::local_of(std::vector<double>(40, -2));
  std::string residues(20, 'A');
  const auto bonds = make_sheets(residues, local, map).bonds;
  residues[13] = 'P';
  const auto without = make_sheets(residues, local, map).bonds;

  EXPECT_EQ(std::count_if(bonds.begin(), bonds.end(),
                          [](const auto& b) { return b.acceptor + b.donor == 17; }),
            4);  // O4–H13, O13–H4, and the wide pair O3–H14, O14–H3
  EXPECT_EQ(without.size(), bonds.size() - 1);
}

TEST(Sheets, ParallelStrandsPreferARightHandedCrossover) {
  SheetPotentials potentials;
  potentials.crossovers = {{4, 25, 1}};
  const auto energy_of = [&](float side) {
    // up along z, over x = 10 on one side in y, up again
    Atoms chains(30);
    for (std::size_t i = 0; i < 30; ++i) {
      const bool middle = i > 7 && i < 22;
      chains.ca[i] = {all(i < 8 ? 0 : (middle ? 2.5F : 5)), all(middle ? side : 0),
                      all(3 * static_cast<float>(i < 8 ? i : (middle ? 15 - i / 2 : i - 22)))};
    }
    Slope slope(30);
    add_sheets(potentials, {0, 0, 10}, chains, slope);
    return slope.energy[0];
  };

  EXPECT_LT(energy_of(-8), -5);
  EXPECT_GT(energy_of(8), 5);
}

}  // namespace
}  // namespace foldstream::workflows::predict
