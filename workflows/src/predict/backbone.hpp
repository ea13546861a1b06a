// The backbone of a chain from its torsions, with ideal bond lengths and angles.
#pragma once

#include "vectors.hpp"

#include <span>
#include <vector>

namespace foldstream::workflows::predict {

/// Positions in Å. Cβ is where it would be if the residue were not glycine.
struct BackboneResidue {
  Vec3 n, ca, c, cb;
};

/// The chain of the torsions [φ0, ψ0, φ1, ψ1, …], radians, ω = 180°; the first residue always lies
/// at the same place. `chain` has half as many residues as there are torsions.
void build_backbone(std::span<const double> torsions, std::span<BackboneResidue> chain);

/// The carbonyl oxygen between a residue and the next.
Vec3 carbonyl_oxygen(const BackboneResidue& residue, const Vec3& next_n);
/// The carbonyl oxygen of the last residue, from its ψ.
Vec3 terminal_oxygen(const BackboneResidue& residue, double psi);

}  // namespace foldstream::workflows::predict
