// How far apart two residues are: histograms of Cβ distances read from the couplings around a pair.
#pragma once

#include "local.hpp"

#include <foldstream/io/prediction.hpp>

#include <array>
#include <vector>

namespace foldstream::workflows::predict {

/// Upper edges of the distance bins, Å; the last bin is open.
inline constexpr std::array<float, 9> distance_edges = {5, 6, 7, 8, 10, 12, 14, 16, 20};
inline constexpr int distance_bins = 10;
inline constexpr int contact_bins = 4;  ///< the bins below 8 Å
inline constexpr int shortest_separation = 3;

/// Probabilities of the Cβ distance bins (virtual Cβ for glycine) of every pair i < j with
/// j − i ≥ 3. What the folding engine needs to know of a pair, whoever predicted it.
struct DistanceMap {
  struct Pair {
    int i = 0;
    int j = 0;
    std::array<float, distance_bins> probability{};

    float contact() const {
      return probability[0] + probability[1] + probability[2] + probability[3];
    }
  };
  int length = 0;
  std::vector<Pair> pairs;  ///< by separation, then by i
};

/// What the histograms are read from.
struct DistanceInput {
  const PairMap& z;  ///< robust z of the couplings
  const std::vector<StateProbabilities>& states;
  const Alignment& alignment;
};

/// A network of one hidden layer over 9 × 9 couplings around each pair, the local states of both
/// residues, their separation, and the depth of the alignment.
DistanceMap predict_distances(const DistanceInput& input, const Context& context);

/// Scores and the probability of less than 8 Å.
io::ContactMap contact_map(const PairMap& z, const DistanceMap& distances);

}  // namespace foldstream::workflows::predict
