// From trajectories to models: which to keep, and how much to trust each.
#pragma once

#include "distances.hpp"
#include "folding.hpp"

#include <foldstream/io/prediction.hpp>

#include <vector>

namespace foldstream::workflows::predict {

/// What the trust in a model is estimated from.
struct Evidence {
  double consensus = 0;     ///< mean TM-score to the best models of the other groups
  double satisfaction = 0;  ///< share of the L most likely contacts (|i−j| ≥ 6) closer than 9 Å
  double clarity = 0;       ///< mean probability of those contacts
};

/// Models of distinct shape, the one of best selection score first, then at most `count` − 1 others
/// by estimated TM-score. At least one, given a trajectory.
std::vector<io::Model> choose_models(const io::Sequence& sequence, const DistanceMap& distances,
                                     const std::vector<Trajectory>& trajectories, int count,
                                     const Context& context);

/// Chain "A", residues from 1, atoms N, CA, C, O, and CB where the residue has one.
io::Structure backbone_structure(const io::Sequence& sequence, std::span<const double> torsions);

/// Estimated TM-score to the native, 0–1: linear in the evidence. The slopes come from 30 proteins,
/// the level from proteins left out of the fit of the networks; ±0.1 on those.
double estimate_tm(const Evidence& evidence);

/// Estimated pLDDT of a residue, 0–100, from its agreement between models (lDDT, 0–1) and the
/// estimated TM-score of the whole.
double estimate_plddt(double agreement, double predicted_tm);

}  // namespace foldstream::workflows::predict
