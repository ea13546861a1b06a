// Which hand a fold has: statistics that real folds and their mirror images disagree on.
#pragma once

#include "local.hpp"
#include "vectors.hpp"

#include <span>

namespace foldstream::workflows::predict {

/// Log-odds per residue that a Cα trace is a real fold and not a mirror image: the turn of packed
/// segments about their connection, and the side on which the chain crosses over. Antisymmetric:
/// the mirror image has the opposite score (but for the secondary structure, which it is told).
double hand_score(std::span<const Vec3> ca, std::span<const StateProbabilities> states);

}  // namespace foldstream::workflows::predict
