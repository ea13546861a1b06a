// From trajectories to models: which to keep, and how much to trust each.
#pragma once

#include "confidence.hpp"
#include "folding.hpp"

#include <foldstream/io/prediction.hpp>
#include <foldstream/io/sequence.hpp>

#include <vector>

namespace foldstream::workflows::predict {

/// A trajectory that was chosen, and what speaks for it.
struct Candidate {
  int trajectory = 0;  ///< index
  Evidence evidence;
  std::vector<double> agreement;  ///< lDDT of each residue between this and the other groups' best
  std::vector<double> expected;   ///< expected_lddt
};

/// Up to `count` trajectories: those of distinct shape by selection score, then those that differ
/// less. At least one, given a trajectory.
std::vector<Candidate> choose_candidates(const DistanceMap& distances,
                                         const std::vector<Trajectory>& trajectories, int count,
                                         const Context& context);

/// The candidates as models.
std::vector<io::Model> choose_models(const io::Sequence& sequence, const DistanceMap& distances,
                                     const std::vector<Trajectory>& trajectories, int count,
                                     const Context& context);

/// Chain "A", residues from 1, atoms N, CA, C, O, and CB where the residue has one.
io::Structure backbone_structure(const io::Sequence& sequence, std::span<const double> torsions);

}  // namespace foldstream::workflows::predict
