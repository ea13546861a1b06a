#include "vec3.hpp"

#include <foldstream/workflows/refine/topology.hpp>

#include <algorithm>

namespace foldstream::workflows::refine {
namespace {

constexpr double coulomb_constant = 1389.35457644;  // kJ mol⁻¹ Å e⁻²

/// Energies of the pairs (i, j) seen so far, apart by term.
struct PairSum {
  double lennard_jones = 0;
  double coulomb = 0;

  void add(const TopologyAtom& a, const TopologyAtom& b, double squared) {
    const double sigma = 0.5 * (a.sigma + b.sigma);
    const double ratio = sigma * sigma / squared;
    const double sixth = ratio * ratio * ratio;
    lennard_jones += 4 * std::sqrt(a.epsilon * b.epsilon) * sixth * (sixth - 1);
    coulomb += coulomb_constant * a.charge * b.charge / std::sqrt(squared);
  }
};

double dihedral_energy(const std::vector<Dihedral>& dihedrals, std::span<const Vec3> at) {
  double sum = 0;
  for (const Dihedral& each : dihedrals) {
    const auto point = [&](std::size_t i) { return at[static_cast<std::size_t>(each.atoms[i])]; };
    const double phi = dihedral(point(0), point(1), point(2), point(3));
    for (const DihedralTerm& term : each.terms) {
      sum += term.k * (1 + std::cos(term.multiplicity * phi - term.phase));
    }
  }
  return sum;
}

/// Pairs more than three bonds apart: all but the listed ones, which are sorted by (i, j).
PairSum long_range(const Topology& topology, std::span<const Vec3> at) {
  std::vector<std::pair<int, int>> left_out = topology.exclusions;
  left_out.insert(left_out.end(), topology.pairs.begin(), topology.pairs.end());
  std::sort(left_out.begin(), left_out.end());
  auto next = left_out.begin();
  PairSum sum;
  for (std::size_t i = 0; i < at.size(); ++i) {
    for (std::size_t j = i + 1; j < at.size(); ++j) {
      if (next != left_out.end() && *next == std::pair(static_cast<int>(i), static_cast<int>(j))) {
        ++next;
        continue;
      }
      sum.add(topology.atoms[i], topology.atoms[j], squared_distance(at[i], at[j]));
    }
  }
  return sum;
}

}  // namespace

double EnergyTerms::total() const {
  return bond + angle + proper + improper + lennard_jones_14 + coulomb_14 + lennard_jones + coulomb;
}

EnergyTerms evaluate_energy(const Topology& topology, std::span<const Vec3> positions) {
  const auto at = [&](int atom) { return positions[static_cast<std::size_t>(atom)]; };
  EnergyTerms energy;
  for (const Bond& bond : topology.bonds) {
    const double stretch = distance(at(bond.i), at(bond.j)) - bond.type.length;
    energy.bond += 0.5 * bond.type.k * stretch * stretch;
  }
  for (const Angle& angle : topology.angles) {
    const double bend = angle_at(at(angle.i), at(angle.j), at(angle.k)) - angle.type.angle;
    energy.angle += 0.5 * angle.type.k * bend * bend;
  }
  energy.proper = dihedral_energy(topology.propers, positions);
  energy.improper = dihedral_energy(topology.impropers, positions);
  PairSum near;
  for (const auto& [i, j] : topology.pairs) {
    near.add(topology.atoms[static_cast<std::size_t>(i)],
             topology.atoms[static_cast<std::size_t>(j)], squared_distance(at(i), at(j)));
  }
  const PairSum far = long_range(topology, positions);
  energy.lennard_jones_14 = topology.fudge_lj * near.lennard_jones;
  energy.coulomb_14 = topology.fudge_qq * near.coulomb;
  energy.lennard_jones = far.lennard_jones;
  energy.coulomb = far.coulomb;
  return energy;
}

}  // namespace foldstream::workflows::refine
