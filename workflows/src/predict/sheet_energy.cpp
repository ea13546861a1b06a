#include "geometry.hpp"
#include "sheets.hpp"

#include <cmath>

namespace foldstream::workflows::predict {
namespace {

constexpr float bridge_length = 5.0F;  // Å between Cα
constexpr float bridge_slack = 0.4F;
constexpr float bridge_scale = 1.5F;
constexpr float bond_length = 2.0F;  // Å between O and H
constexpr float bond_scale = 1.2F;
constexpr float h_shift = static_cast<float>(n_h / c_o);

FOLDSTREAM_WIDE void add_bridges(const std::vector<SheetPotentials::Bridge>& bridges, float weight,
                                 const Atoms& chains, Slope& slope) {
  for (const SheetPotentials::Bridge& bridge : bridges) {
    const auto i = static_cast<std::size_t>(bridge.i);
    const auto j = static_cast<std::size_t>(bridge.j);
    const Points r = chains.ca[i] - chains.ca[j];
    const Lanes inverse = inverse_root(squared(r));
    const Lanes off = squared(r) * inverse - bridge_length;
    const Lanes sign = choose(below(off, Lanes{}), all(-1), all(1));
    const Lanes x = positive(sign * off - bridge_slack) * (1 / bridge_scale);
    const Lanes scale = 1.0F + x * x;
    const float strength = weight * bridge.probability;
    for (std::size_t k = 0; k < lane_count; ++k) slope.energy[k] += strength * std::log(scale[k]);
    const Points force = ((2 * strength / bridge_scale) * sign * x / scale * inverse) * r;
    add(slope.atoms.ca[i], force);
    subtract(slope.atoms.ca[j], force);
  }
}

/// The H lies opposite to the O before it.
FOLDSTREAM_WIDE void add_bonds(const std::vector<SheetPotentials::HydrogenBond>& bonds,
                               float weight, const Atoms& chains, Slope& slope) {
  Atoms& force = slope.atoms;
  for (const SheetPotentials::HydrogenBond& bond : bonds) {
    const auto a = static_cast<std::size_t>(bond.acceptor);
    const auto b = static_cast<std::size_t>(bond.donor);
    const Points h = chains.n[b] + h_shift * (chains.c[b - 1] - chains.o[b - 1]);
    const Points r = chains.o[a] - h;
    const Lanes inverse = inverse_root(squared(r));
    const Lanes x = positive(squared(r) * inverse - bond_length) * (1 / bond_scale);
    const Lanes depth = 1.0F / (1.0F + x * x);
    const float strength = weight * bond.weight;
    slope.energy -= strength * depth;
    const Points on_o = ((2 * strength / bond_scale) * x * depth * depth * inverse) * r;
    add(force.o[a], on_o);
    subtract(force.n[b], on_o);
    subtract(force.c[b - 1], h_shift * on_o);
    add(force.o[b - 1], h_shift * on_o);
  }
}

/// Adds the gradient by the mean of Cα i+3 … j−3.
FOLDSTREAM_INLINE void add_to_middle(const Points& force, std::size_t i, std::size_t j,
                                     Slope& slope) {
  const Points share = (1.0F / static_cast<float>(j - i - 5)) * force;
  for (std::size_t k = i + 3; k + 3 <= j; ++k) add(slope.atoms.ca[k], share);
}

FOLDSTREAM_INLINE Points middle(const Atoms& chains, std::size_t i, std::size_t j) {
  Points sum{};
  for (std::size_t k = i + 3; k + 3 <= j; ++k) add(sum, chains.ca[k]);
  return (1.0F / static_cast<float>(j - i - 5)) * sum;
}

/// t = (u × v)·w / |u||v||w| of the strands' direction u, the way v between them and the way w to
/// the middle of the connection; right-handed is negative.
FOLDSTREAM_WIDE void add_crossovers(const std::vector<SheetPotentials::Crossover>& crossovers,
                                    float weight, const Atoms& chains, Slope& slope) {
  const std::vector<Points>& ca = chains.ca;
  std::vector<Points>& force = slope.atoms.ca;
  for (const SheetPotentials::Crossover& crossover : crossovers) {
    const auto i = static_cast<std::size_t>(crossover.i);
    const auto j = static_cast<std::size_t>(crossover.j);
    const Points u = ca[i + 2] - ca[i - 2] + (ca[j + 2] - ca[j - 2]);
    const Points v = ca[j] - ca[i];
    const Points w = middle(chains, i, j) - 0.5F * (ca[i] + ca[j]);
    const Lanes u2 = inverse_root(squared(u) + 1.0F);
    const Lanes v2 = inverse_root(squared(v) + 1.0F);
    const Lanes w2 = inverse_root(squared(w) + 1.0F);
    const Lanes scale = u2 * v2 * w2;
    const Lanes t = dot(cross(u, v), w) * scale;
    const Lanes damping = inverse_root(1.0F + 16.0F * t * t);  // 4t/√(1 + 16t²) is like tanh 3t
    const float strength = weight * crossover.weight;
    slope.energy += strength * 4.0F * t * damping;
    const Lanes by_t = strength * 4.0F * damping * damping * damping;
    const Points by_u = by_t * (scale * cross(v, w) - (t * u2 * u2) * u);
    const Points by_v = by_t * (scale * cross(w, u) - (t * v2 * v2) * v);
    const Points by_w = by_t * (scale * cross(u, v) - (t * w2 * w2) * w);
    add(force[i + 2], by_u);
    subtract(force[i - 2], by_u);
    add(force[j + 2], by_u);
    subtract(force[j - 2], by_u);
    add(force[j], by_v - 0.5F * by_w);
    subtract(force[i], by_v + 0.5F * by_w);
    add_to_middle(by_w, i, j, slope);
  }
}

}  // namespace

void add_sheets(const SheetPotentials& potentials, const SheetStage& stage, const Atoms& chains,
                Slope& slope) {
  if (stage.bridges > 0) add_bridges(potentials.bridges, stage.bridges, chains, slope);
  if (stage.bonds > 0) add_bonds(potentials.bonds, stage.bonds, chains, slope);
  if (stage.crossovers > 0) add_crossovers(potentials.crossovers, stage.crossovers, chains, slope);
}

}  // namespace foldstream::workflows::predict
