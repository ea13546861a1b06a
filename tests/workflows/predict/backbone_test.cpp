#include "predict/backbone.hpp"
#include "predict/pair_energy.hpp"
#include "predict/random.hpp"

#include <gtest/gtest.h>

#include <numbers>

namespace foldstream::workflows::predict {
namespace {

constexpr double degree = std::numbers::pi / 180;

std::vector<BackboneResidue> chain_of(const std::vector<double>& torsions) {
  std::vector<BackboneResidue> chain(torsions.size() / 2);
  build_backbone(torsions, chain);
  return chain;
}

std::vector<double> repeated(double phi, double psi, int residues) {
  std::vector<double> torsions;
  for (int i = 0; i < residues; ++i) torsions.insert(torsions.end(), {phi * degree, psi * degree});
  return torsions;
}

std::vector<double> random_torsions(int residues) {
  Random random(3, 4);
  std::vector<double> torsions;
  for (int k = 0; k < 2 * residues; ++k) torsions.push_back(6 * random.uniform() - 3);
  return torsions;
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

double energy_of(const PairPotentials& potentials, const std::vector<double>& torsions) {
  const auto chain = chain_of(torsions);
  std::vector<AtomGradient> forces(chain.size());
  return pair_energy(potentials, {static_cast<int>(potentials.pairs.size())}, chain, forces);
}

TEST(Backbone, HasIdealBondsAndAngles) {
  const auto chain = chain_of(random_torsions(12));

  for (std::size_t i = 1; i < chain.size(); ++i) {
    EXPECT_NEAR(norm(chain[i].n - chain[i - 1].c), 1.329, 1e-9);
    EXPECT_NEAR(norm(chain[i].ca - chain[i].n), 1.458, 1e-9);
    EXPECT_NEAR(norm(chain[i].c - chain[i].ca), 1.525, 1e-9);
    EXPECT_NEAR(norm(chain[i].ca - chain[i - 1].ca), 3.8, 0.02);
    const double cosine = dot(unit(chain[i].n - chain[i].ca), unit(chain[i].c - chain[i].ca));
    EXPECT_NEAR(std::acos(cosine) / degree, 111.0, 1e-6);
  }
}

TEST(Backbone, OfHelicalTorsionsIsARightHandedHelix) {
  const auto chain = chain_of(repeated(-63, -42, 20));

  const Vec3 rise = unit(chain[14].ca - chain[4].ca);
  const Vec3 turn = cross(chain[5].ca - chain[4].ca, chain[6].ca - chain[5].ca);

  EXPECT_NEAR(norm(chain[14].ca - chain[4].ca) / 10, 1.5, 0.1);
  EXPECT_GT(dot(rise, turn), 0);
}

TEST(Backbone, PutsTheOxygenInThePeptidePlane) {
  const auto chain = chain_of(repeated(-120, 130, 3));

  const Vec3 oxygen = carbonyl_oxygen(chain[0], chain[1].n);

  const Vec3 normal = cross(chain[0].ca - chain[0].c, chain[1].n - chain[0].c);
  EXPECT_NEAR(dot(normal, oxygen - chain[0].c), 0, 1e-9);
  EXPECT_NEAR(norm(oxygen - chain[1].n), 2.25, 0.05);
}

TEST(PairEnergy, HasTheGradientOfFiniteDifferences) {
  const PairPotentials potentials = springs(14);
  std::vector<double> torsions = random_torsions(14);
  const auto chain = chain_of(torsions);
  std::vector<AtomGradient> forces(chain.size());
  std::vector<double> gradient(torsions.size());
  pair_energy(potentials, {static_cast<int>(potentials.pairs.size())}, chain, forces);
  torsion_gradient(chain, forces, gradient);
  for (std::size_t k = 2; k < torsions.size(); ++k) {
    std::vector<double> up = torsions;
    std::vector<double> down = torsions;
    up[k] += 1e-6;
    down[k] -= 1e-6;
    const double slope = (energy_of(potentials, up) - energy_of(potentials, down)) / 2e-6;
    EXPECT_NEAR(gradient[k], slope, 1e-3 * (1 + std::abs(slope))) << k;
  }
}

}  // namespace
}  // namespace foldstream::workflows::predict
