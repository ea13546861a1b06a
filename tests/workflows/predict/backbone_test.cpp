#include "predict/backbone.hpp"
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

}  // namespace
}  // namespace foldstream::workflows::predict
