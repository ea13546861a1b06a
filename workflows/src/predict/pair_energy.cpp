#include "pair_energy.hpp"

#include <algorithm>
#include <cmath>

namespace foldstream::workflows::predict {
namespace {

constexpr double far_apart = 10;  // Å between Cβ, beyond which likely contacts attract
constexpr double ca_room = 4.0;
constexpr double cb_room = 3.9;

struct Slope {
  double energy = 0;
  double derivative = 0;  ///< by distance
};

Slope tabulated(const PairPotentials::Pair& pair, double d) {
  const double x = d / PairPotentials::step;
  const auto k = static_cast<std::size_t>(x);
  if (k + 1 >= pair.energy.size()) return {};
  const double low = pair.energy[k];
  const double high = pair.energy[k + 1];
  const double w = x - static_cast<double>(k);
  return {(1 - w) * low + w * high, (high - low) / PairPotentials::step};
}

double distances(const PairPotentials& potentials, const PairStage& stage,
                 std::span<const BackboneResidue> chain, std::span<AtomGradient> gradient) {
  double energy = 0;
  const auto active =
      std::min(static_cast<std::size_t>(stage.active_pairs), potentials.pairs.size());
  for (const PairPotentials::Pair& pair : std::span(potentials.pairs).first(active)) {
    const auto i = static_cast<std::size_t>(pair.i);
    const auto j = static_cast<std::size_t>(pair.j);
    const Vec3 r = chain[i].cb - chain[j].cb;
    const double d = std::max(norm(r), 1e-6);
    Slope slope = tabulated(pair, d);
    slope.energy *= stage.distance;
    slope.derivative *= stage.distance;
    if (d > far_apart) {
      slope.energy += stage.attraction * pair.contact * (d - far_apart);
      slope.derivative += stage.attraction * pair.contact;
    }
    energy += slope.energy;
    const Vec3 force = (slope.derivative / d) * r;
    gradient[i].cb += force;
    gradient[j].cb += -1.0 * force;
  }
  return energy;
}

double overlap(const Vec3& a, const Vec3& b, double room, double weight, Vec3& on_a, Vec3& on_b) {
  const Vec3 r = a - b;
  const double d2 = squared(r);
  if (d2 >= room * room) return 0;
  const double d = std::max(std::sqrt(d2), 1e-3);
  const double depth = room - d;
  const Vec3 force = (-2 * weight * depth / d) * r;
  on_a += force;
  on_b += -1.0 * force;
  return weight * depth * depth;
}

double sterics(double weight, std::span<const BackboneResidue> chain,
               std::span<AtomGradient> gradient) {
  double energy = 0;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    for (std::size_t j = i + 2; j < chain.size(); ++j) {
      energy += overlap(chain[i].cb, chain[j].cb, cb_room, weight, gradient[i].cb, gradient[j].cb);
      if (j < i + 3) continue;
      energy += overlap(chain[i].ca, chain[j].ca, ca_room, weight, gradient[i].ca, gradient[j].ca);
    }
  }
  return energy;
}

}  // namespace

double pair_energy(const PairPotentials& potentials, const PairStage& stage,
                   std::span<const BackboneResidue> chain, std::span<AtomGradient> gradient) {
  return distances(potentials, stage, chain, gradient) + sterics(stage.sterics, chain, gradient);
}

}  // namespace foldstream::workflows::predict
