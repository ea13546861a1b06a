// The backbones of a group of chains from their torsions: backbone.hpp, sixteen chains at once.
#pragma once

#include "lanes.hpp"

#include <span>
#include <vector>

namespace foldstream::workflows::predict {

/// φ and ψ of a residue, radians.
struct Torsions {
  Lanes phi, psi;
};

/// Positions of the atoms of every residue in Å, or the gradient of an energy by them. Cβ is where
/// it would be if the residue were not glycine.
struct Atoms {
  explicit Atoms(std::size_t length) : n(length), ca(length), c(length), o(length), cb(length) {}

  std::size_t length() const { return ca.size(); }

  std::vector<Points> n, ca, c, o, cb;
};

/// An energy of each chain, and its gradient by the atoms; energies add to both.
struct Slope {
  explicit Slope(std::size_t length) : atoms(length) {}

  Lanes energy{};
  Atoms atoms;
};

/// The chains of `torsions`, one entry a residue, as many as `chains` has; the first residue always
/// lies at the same place.
void build_chains(std::span<const Torsions> torsions, Atoms& chains);

/// dE/d(torsions) from dE/d(positions), in one pass from the end of the chains: a torsion turns all
/// that follows it about its bond, so its derivative is the torque along that bond.
void torsion_gradient(const Atoms& chains, const Slope& slope, std::span<Torsions> gradient);

}  // namespace foldstream::workflows::predict
