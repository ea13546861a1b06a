#include "sheets.hpp"

#include <algorithm>

namespace foldstream::workflows::predict {
namespace {

constexpr float least_bridge = 0.15F;
constexpr float least_bond = 0.1F;
constexpr float least_parallel = 0.2F;
constexpr int shortest_crossover = 10;
constexpr int longest_crossover = 80;
constexpr float helical = 0.15F;  // mean probability of helix from which a connection holds one

/// Bridge probabilities by residue pair, zero beyond the ends.
class BridgeMap {
 public:
  explicit BridgeMap(const DistanceMap& distances)
      : length_(distances.length),
        parallel_(static_cast<std::size_t>(length_) * static_cast<std::size_t>(length_)),
        antiparallel_(parallel_.size()) {
    for (const DistanceMap::Pair& pair : distances.pairs) {
      parallel_[index(pair.i, pair.j)] = parallel_[index(pair.j, pair.i)] = pair.parallel;
      antiparallel_[index(pair.i, pair.j)] = antiparallel_[index(pair.j, pair.i)] =
          pair.antiparallel;
    }
  }

  /// That the O of `a` binds the H of `b`.
  float bond(int a, int b) const {
    return std::max({at(antiparallel_, a, b), at(antiparallel_, a + 1, b - 1),
                     at(parallel_, a + 1, b), at(parallel_, a, b - 1)});
  }

 private:
  std::size_t index(int i, int j) const {
    return static_cast<std::size_t>(i) * static_cast<std::size_t>(length_) +
           static_cast<std::size_t>(j);
  }
  float at(const std::vector<float>& map, int i, int j) const {
    return i < 0 || j < 0 || i >= length_ || j >= length_ ? 0 : map[index(i, j)];
  }

  int length_;
  std::vector<float> parallel_, antiparallel_;
};

std::vector<SheetPotentials::HydrogenBond> bonds_of(std::string_view residues,
                                                    const DistanceMap& distances) {
  const BridgeMap bridges(distances);
  std::vector<SheetPotentials::HydrogenBond> bonds;
  for (int a = 0; a < distances.length; ++a) {
    for (int b = 1; b < distances.length; ++b) {
      const float weight = bridges.bond(a, b);
      if (weight < least_bond || residues[static_cast<std::size_t>(b)] == 'P') continue;
      if (std::abs(a - b) >= 3) bonds.push_back({a, b, weight});
    }
  }
  return bonds;
}

/// How surely a connection from i to j is right-handed, counted in solved structures.
float handedness(const LocalPrediction& local, int i, int j) {
  const int separation = j - i;
  float helix = 0;
  for (int k = i + 3; k <= j - 3; ++k) helix += local.helix(k) / static_cast<float>(separation - 5);
  if (helix < helical) return separation < 20 ? 0 : 0.3F;
  if (separation < 30) return 1;
  return separation < 50 ? 0.7F : 0.2F;
}

}  // namespace

SheetPotentials make_sheets(std::string_view residues, const LocalPrediction& local,
                            const DistanceMap& distances) {
  SheetPotentials potentials;
  potentials.bonds = bonds_of(residues, distances);
  for (const DistanceMap::Pair& pair : distances.pairs) {
    const float bridge = pair.parallel + pair.antiparallel;
    if (bridge > least_bridge) potentials.bridges.push_back({pair.i, pair.j, bridge});
    const int separation = pair.j - pair.i;
    if (pair.parallel < least_parallel || pair.i < 2 || pair.j + 2 >= distances.length) continue;
    if (separation < shortest_crossover || separation >= longest_crossover) continue;
    const float weight = pair.parallel * handedness(local, pair.i, pair.j);
    if (weight > 0) potentials.crossovers.push_back({pair.i, pair.j, weight});
  }
  return potentials;
}

}  // namespace foldstream::workflows::predict
