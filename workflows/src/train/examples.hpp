// Examples for the distance network: a window of a coupling map and the truth about its pairs.
#pragma once

#include "chain.hpp"
#include "predict/networks.hpp"
#include "predict/pair_features.hpp"
#include "predict/random.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace foldstream::workflows::train {

/// What is known of each residue of a chain before its couplings.
struct ResidueInput {
  std::vector<float> structure;  ///< [L, 3] probabilities
  std::vector<float> burial;     ///< [L]
};

/// Predictions from a single sequence pushed to the truth, here more, there less, until they are as
/// good as those from an alignment.
/// @param logits  [L, 3] log-probabilities.
ResidueInput blur(const Chain& chain, const std::vector<float>& logits,
                  const std::vector<float>& burial, predict::Random& random);

/// Row-major over the window [H, W]; −1 where unknown or not asked for. Bins as in DistanceMap.
struct Truth {
  std::vector<std::int64_t> distance, omega, theta, phi;
  std::vector<float> bridges;      ///< [2, H, W]: parallel, antiparallel
  std::vector<float> has_bridges;  ///< [H, W]: 1 where the pair counts
};
Truth truth_of(const Chain& chain, predict::Window rows, predict::Window columns);

}  // namespace foldstream::workflows::train
