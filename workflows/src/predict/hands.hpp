// Which hand a fold has: statistics that real folds and their mirror images disagree on.
#pragma once

#include "networks.hpp"
#include "vectors.hpp"

#include <span>

namespace foldstream::workflows::predict {

/// Log-odds of a turn against its mirror image, t in 8 bins (edges ±0.6, 0.3, 0.1, 0); row-major.
struct HandTables {
  static constexpr std::array<int, 6> packing_shape = {3, 3, 6, 2, 3, 8};
  static constexpr std::array<int, 6> crossover_shape = {3, 3, 6, 2, 2, 8};
  std::vector<float> packing;    ///< [structure i, j, separation, parallel, distance, t]
  std::vector<float> crossover;  ///< [structure i, j, separation, parallel, helix between, t]
};

/// What the tables are counted on and asked about.
struct HandChain {
  std::vector<Vec3> ca;        ///< Å, without breaks
  std::vector<int> structure;  ///< of each residue: 0 helix, 1 strand, 2 other
};

/// The most likely structure of each residue: 0 helix, 1 strand, 2 other.
std::vector<int> structure_classes(const LocalPrediction& local);

/// Log-odds per residue that a Cα trace is a real fold and not a mirror image: the turn of packed
/// segments about their connection, and the side on which the chain crosses over. Antisymmetric:
/// the mirror image has the opposite score (but for the secondary structure, which it is told).
double hand_score(std::span<const Vec3> ca, std::span<const int> structure,
                  const HandTables& tables);

/// ln[(h(t) + 20) / (h(−t) + 20)] of the turns counted in `chains`; both tables are antisymmetric.
HandTables count_hands(std::span<const HandChain> chains);

}  // namespace foldstream::workflows::predict
