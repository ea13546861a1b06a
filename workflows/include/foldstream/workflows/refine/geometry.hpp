// Geometry: what is wrong with the shape of a protein model.
#pragma once

#include <foldstream/io/prediction.hpp>
#include <foldstream/io/structure.hpp>

namespace foldstream::workflows::refine {

/// Mean and standard deviation of the N–Cα–C angle in degrees: the restraint values of Engh and
/// Huber (International Tables for Crystallography F, 2001); crystals better than 2 Å have 111.0
/// ± 2.5.
inline constexpr double ideal_alpha_angle = 111.0;
inline constexpr double alpha_angle_sigma = 2.7;

/// Judges the heavy atoms of `structure`; hydrogens and unknown residues are passed over.
///
/// - clashes: two heavy atoms more than three bonds apart and closer than the sum of their Bondi
///   radii (C 1.70, N 1.55, O 1.52, S 1.80) less 0.4 Å. Bonds are those of the residue types, of
///   the chain, and SG–SG closer than 3.0 Å.
/// - chirality: Cα whose Cβ stands on the wrong side of N, Cα, C.
/// - Ramachandran outliers: (φ, ψ) outside the 10° cells that hold 99.8 % of residues in crystals,
///   for glycine, proline and the others apart.
/// `potential` is NaN. Pure and deterministic; O(atoms). Atoms without a finite position are
/// ignored.
io::GeometryReport report_geometry(const io::Structure& structure);

/// Root-mean-square distance of the Cα of residues at the same place in both, after superposition,
/// Å.
/// @throws Error{InvalidArgument} if the numbers of residues differ.
double alpha_rmsd(const io::Structure& a, const io::Structure& b);

}  // namespace foldstream::workflows::refine
