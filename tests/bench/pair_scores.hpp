// Scores of a prediction against its native structure.
#pragma once

#include "pairs.hpp"

#include <span>
#include <vector>

namespace foldstream::bench {

/// Part of true contacts among the best-scored pairs.
struct Precision {
  double fifth = 0;  ///< of the top L/5
  double all = 0;    ///< of the top L
};

/// Pairs with |i−j| ≥ 6 whose residues are both resolved, in contact below 8 Å of Cβ (Cα where
/// there is none); L counts the query. Of equal scores the pair of lower indices comes first.
/// @param scores  row-major [L, L]; the upper triangle is read.
Precision contact_precision(const Pair& pair, std::span<const float> scores);

/// The Cα of each residue of the first chain.
std::vector<std::optional<io::Vec3>> model_ca(const io::Structure& model);

/// The same points on the other hand.
std::vector<std::optional<io::Vec3>> mirrored(std::vector<std::optional<io::Vec3>> points);

/// How far a model's own estimate is from the truth, both 0–100.
struct LddtCheck {
  double lddt = 0;        ///< of the Cα atoms, over all distances of the native
  double plddt = 0;       ///< mean over the resolved residues
  double difference = 0;  ///< mean of |pLDDT − lDDT| over the resolved residues
};
LddtCheck check_lddt(const Pair& pair, const std::vector<std::optional<io::Vec3>>& model,
                     std::span<const double> plddt);

/// Pearson's correlation; 0 for fewer than three values or where one side does not vary.
double correlation(std::span<const double> x, std::span<const double> y);

}  // namespace foldstream::bench
