// Pair potentials: distance histograms turned into energies over distance, for the folding engine.
#pragma once

#include "networks.hpp"

#include <vector>

namespace foldstream::workflows::predict {

/// Energy of each pair over the Cβ distance, unit 1, tabulated and linear between the points.
struct PairPotentials {
  static constexpr float step = 0.5F;  ///< Å between points
  static constexpr int points = 42;    ///< 0 to 20.5 Å; zero from 20 Å on

  struct Pair {
    int i = 0;
    int j = 0;
    float contact = 0;  ///< probability of less than 8 Å: pairs far apart are drawn together by it
    std::array<float, points> energy{};
  };
  int length = 0;
  std::vector<Pair> pairs;  ///< by separation; pairs that say nothing are left out

  /// How many of the pairs have j − i ≤ `separation`.
  int count_within(int separation) const;
};

/// E(bin) = −ln[(p + 0.02 r + 10⁻⁴) / (1.02 r + 10⁻⁴)] relative to the open bin, where r is this
/// protein's own mean histogram of pairs of the same separation class: what is unusual for the pair
/// counts, not what all pairs share.
PairPotentials make_potentials(const DistanceMap& distances);

}  // namespace foldstream::workflows::predict
