// Folding: many trajectories from torsions drawn at random to shapes of low energy.
#pragma once

#include "hands.hpp"
#include "lanes.hpp"
#include "networks.hpp"
#include "orientations.hpp"

#include <foldstream/context.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace foldstream::workflows::predict {

/// Everything the engine knows of a protein.
struct FoldingInput {
  std::string residues;  ///< one-letter codes
  LocalPrediction local;
  DistanceMap distances;
  HandTables hands;
};

struct Trajectory {
  std::vector<double> torsions;  ///< [length, 2] φ, ψ, radians
  std::vector<Vec3> ca;
  double energy = 0;     ///< per residue
  double hand = 0;       ///< hand score
  double selection = 0;  ///< energy − weight · hand, hand clipped to ±6; lower is better
};

/// Weights of 0 leave a term out.
struct FoldingOptions {
  std::uint64_t seed = 0;
  int groups = 6;  ///< of `group_size` trajectories each
  int steps = 800;
  double torsion = 1;  ///< weight of the local energy
  double distance = 0.8;
  double attraction = 0.05;
  double sterics = 3;
  OrientationWeights orientation;
  double bonds = 3;
  double bridges = 1;
  double crossovers = 10;
  double hand = 0.25;      ///< of the hand score in the selection, per residue
  double staging = 0.45;   ///< fraction of a trajectory after which pairs of any separation act
  bool resampling = true;  ///< twice on the way the worse half of a group gives way to the better
  /// Told of each trajectory as soon as its group and all before it have ended, in order of
  /// `index`; one call at a time, on any thread.
  std::function<void(const Trajectory&, int index)> on_trajectory;
  /// The trajectories of a group that an earlier run has finished; such a group is not folded
  /// again (nor told of). May be empty; called from any thread.
  std::function<std::optional<std::vector<Trajectory>>(int group)> finished;
};

/// Sets weights by name (PredictOptions::terms).
/// @throws Error{InvalidArgument} for an unknown name, with the near miss, or a value below 0.
void set_terms(const std::map<std::string, double>& terms, FoldingOptions& options);

/// Adam on φ and ψ of groups · group_size chains, pairs of small separation first; twice on the way
/// the worse half of each group is replaced by disturbed copies of the better half.
/// @returns  all trajectories, in a fixed order; the same bytes for any number of threads.
/// @throws Error{Cancelled}.
std::vector<Trajectory> fold(const FoldingInput& input, const FoldingOptions& options,
                             const Context& context);

}  // namespace foldstream::workflows::predict
