// Energies of the orientation of residue pairs: dihedrals and angles of Cα and Cβ, as in trRosetta
// (Yang et al. 2020, doi:10.1073/pnas.1914677117).
#pragma once

#include "chains.hpp"
#include "networks.hpp"

namespace foldstream::workflows::predict {

struct OrientationWeights {
  double omega = 0;  // said nothing that theta and phi do not
  double theta = 2;
  double phi = 2;
};

/// −ln(0.9 p/r + 0.1) of the histograms, r the mean of the protein's near pairs, times P(d < 10 Å);
/// as Fourier series, which need no angle, only its cosine and sine.
struct OrientationPotentials {
  static constexpr int terms = 4;
  struct Series {
    std::array<float, terms> cosine{};
    std::array<float, terms> sine{};
  };
  struct Pair {
    int i = 0;
    int j = 0;
    Series omega, theta_ij, theta_ji;
    std::array<float, terms> phi_ij{};  ///< of cosines
    std::array<float, terms> phi_ji{};
  };
  OrientationWeights weights;
  std::vector<Pair> pairs;  ///< by separation; only those likely to be near
};

OrientationPotentials make_orientations(const DistanceMap& distances,
                                        const OrientationWeights& weights);

/// Adds the energies of pairs with j − i ≤ `separation`.
void add_orientations(const OrientationPotentials& potentials, int separation, const Atoms& chains,
                      Slope& slope);

}  // namespace foldstream::workflows::predict
