// What each residue does locally: backbone states from the sequences of a family and its couplings.
#pragma once

#include "alignment.hpp"
#include "couplings.hpp"

#include <array>
#include <vector>

namespace foldstream::workflows::predict {

/// Helix, strand, and coil with α, β or positive φ.
enum LocalState { helix, strand, coil_alpha, coil_beta, left_handed };
inline constexpr int local_states = 5;

using StateProbabilities = std::array<float, local_states>;

/// asinh(z/2) of the couplings, clipped to −3…20: the scale on which the small networks read them;
/// zero on the diagonal.
PairMap compressed(const PairMap& z);

/// Probabilities of the states of each residue: a softmax over a window of 17 residues, its
/// logarithms averaged over up to 300 rows by weight (the query counts five times), then corrected
/// by the couplings |i−j| = 2…5 and by the best strand ladders.
std::vector<StateProbabilities> predict_states(const Alignment& alignment,
                                               const PairMap& compressed_couplings);

/// Mean direction and concentration of φ and ψ in each state, radians.
struct TorsionComponent {
  std::array<double, 2> mean{};
  std::array<double, 2> kappa{};
};
std::array<TorsionComponent, local_states> torsion_components();

}  // namespace foldstream::workflows::predict
