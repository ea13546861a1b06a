// The energy of φ and ψ, and how trajectories start: cells of 20°.
#pragma once

#include "chains.hpp"
#include "networks.hpp"

#include <cstdint>

namespace foldstream::workflows::predict {

/// −ln p of the cells of each residue (97 % its prediction, 3 % the protein's mean).
struct TorsionPotentials {
  /// One more than the cells: the first row and column are repeated at the end.
  static constexpr int side = torsion_cells + 1;
  std::vector<std::array<float, side * side>> residues;  ///< [φ, ψ] at the centres of the cells
};
TorsionPotentials make_torsions(const LocalPrediction& local);

/// weight · energy, bilinear between the centres and periodic; adds its derivative to `gradient`.
/// @returns  the energy of each chain, added to `energy`.
void add_torsions(const TorsionPotentials& potentials, float weight,
                  std::span<const Torsions> torsions, Lanes& energy, std::span<Torsions> gradient);

/// φ and ψ drawn from the cells (probabilities sharpened by a power of 1.5), [length, 2], radians.
std::vector<double> draw_torsions(const LocalPrediction& local, std::uint64_t seed,
                                  std::uint64_t stream);

}  // namespace foldstream::workflows::predict
