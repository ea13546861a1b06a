// Folding: many trajectories from torsions drawn at random to shapes of low energy.
#pragma once

#include "local.hpp"
#include "potentials.hpp"
#include "vectors.hpp"

#include <foldstream/context.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace foldstream::workflows::predict {

/// Everything the engine knows of a protein.
struct FoldingInput {
  std::string residues;  ///< one-letter codes
  PairPotentials potentials;
  std::vector<StateProbabilities> states;
};

struct FoldingOptions {
  std::uint64_t seed = 0;
  int groups = 6;  ///< of `group_size` trajectories each
  int steps = 400;
  double torsion = 1;  ///< weight of the local energy
  double distance = 0.3;
  double attraction = 0.05;
  double hand = 0.25;  ///< of the hand score in the selection, per residue
};

/// Trajectories of a group are folded together and compete; of fixed size, so that the result does
/// not depend on the number of threads.
inline constexpr int group_size = 16;

struct Trajectory {
  std::vector<double> torsions;  ///< [length, 2] φ, ψ, radians
  std::vector<Vec3> ca;
  double energy = 0;     ///< per residue
  double hand = 0;       ///< hand score
  double selection = 0;  ///< energy − weight · hand, hand clipped to ±6; lower is better
};

/// Adam on φ and ψ of groups · group_size chains, pairs of small separation first; twice on the way
/// the worse half of each group is replaced by disturbed copies of the better half.
/// @returns  all trajectories, in a fixed order.
/// @throws Error{Unsupported} without LibTorch, Error{Cancelled}.
std::vector<Trajectory> fold(const FoldingInput& input, const FoldingOptions& options,
                             const Context& context);

/// φ and ψ drawn from the states of each residue, [length, 2].
std::vector<double> draw_torsions(const FoldingInput& input, std::uint64_t seed,
                                  std::uint64_t stream);

/// −ln of the density of (φ, ψ) of each residue: a mixture over its states.
struct TorsionMixture {
  struct Component {
    double log_weight = 0;  ///< with the normalisation of the densities
    std::array<double, 2> mean{};
    std::array<double, 2> kappa{};
  };
  std::vector<std::array<Component, local_states>> residues;
};
TorsionMixture torsion_mixture(const FoldingInput& input);

}  // namespace foldstream::workflows::predict
