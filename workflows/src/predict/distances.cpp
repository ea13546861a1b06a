#include "distances.hpp"
#include "network.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>

namespace foldstream::workflows::predict {
namespace {

#include "pattern_table.inc"

constexpr int reach = 4;
constexpr std::array<int, 9> separation_edges = {4, 5, 6, 8, 12, 17, 24, 36, 60};
/// Mean z of the strongest L pairs with |i−j| ≥ 6.
float mean_top_score(const PairMap& z) {
  std::vector<float> far;
  for (int i = 0; i < z.length; ++i) {
    for (int j = i + 6; j < z.length; ++j) far.push_back(z.at(i, j));
  }
  const std::size_t count = std::min(far.size(), static_cast<std::size_t>(z.length));
  std::partial_sort(far.begin(), far.begin() + static_cast<std::ptrdiff_t>(count), far.end(),
                    std::greater<>());
  float sum = 0;
  for (std::size_t k = 0; k < count; ++k) sum += far[k];
  return count == 0 ? 0 : sum / static_cast<float>(count);
}

/// What all pairs of a protein share, computed once.
struct Surroundings {
  PairMap g;
  std::array<float, 3> depth{};  ///< ln(Neff/√L + 1), ln L, ln(mean top z)
};

Surroundings surroundings(const DistanceInput& input) {
  const auto length = static_cast<float>(input.z.length);
  const auto neff = static_cast<float>(input.alignment.neff);
  return {compressed(input.z),
          {std::log(neff / std::sqrt(length) + 1), std::log(length),
           std::log(std::max(mean_top_score(input.z), 0.1F))}};
}

void append_states(const std::vector<StateProbabilities>& states, int i, std::vector<float>& list) {
  const bool inside = i >= 0 && i < static_cast<int>(states.size());
  const auto at = static_cast<std::size_t>(i);
  list.push_back(inside ? states[at][helix] : 0);
  list.push_back(inside ? states[at][strand] : 0);
}

void append_separation(int separation, std::vector<float>& list) {
  const auto place = std::upper_bound(separation_edges.begin(), separation_edges.end(), separation);
  const auto own = static_cast<std::size_t>(place - separation_edges.begin());
  for (std::size_t c = 0; c <= separation_edges.size(); ++c) list.push_back(c == own ? 1.0F : 0.0F);
  list.push_back(std::log(static_cast<float>(separation)));
}

std::vector<float> features(const DistanceInput& input, const Surroundings& around, int i, int j) {
  std::vector<float> list;
  for (int a = -reach; a <= reach; ++a) {
    for (int b = -reach; b <= reach; ++b) list.push_back(around.g.around(i + a, j + b));
  }
  for (const int o : {-3, 0, 3}) {
    append_states(input.states, i + o, list);
    append_states(input.states, j + o, list);
  }
  append_separation(j - i, list);
  list.insert(list.end(), around.depth.begin(), around.depth.end());
  return list;
}

std::vector<DistanceMap::Pair> all_pairs(int length) {
  std::vector<DistanceMap::Pair> pairs;
  for (int separation = shortest_separation; separation < length; ++separation) {
    for (int i = 0; i + separation < length; ++i) pairs.push_back({i, i + separation, {}});
  }
  return pairs;
}

}  // namespace

DistanceMap predict_distances(const DistanceInput& input, const Context& context) {
  const Network network{pattern_hidden_weights, pattern_hidden_bias, pattern_output_weights,
                        pattern_output_bias};
  const Surroundings around = surroundings(input);
  DistanceMap map{input.z.length, all_pairs(input.z.length)};
  constexpr int block = 1000;
  const int size = static_cast<int>(map.pairs.size());
  parallel_for(context, (size + block - 1) / block, [&](int index) {
    for (int k = index * block; k < std::min(size, (index + 1) * block); ++k) {
      DistanceMap::Pair& pair = map.pairs[static_cast<std::size_t>(k)];
      network.evaluate(features(input, around, pair.i, pair.j), pair.probability);
    }
  });
  return map;
}

io::ContactMap contact_map(const PairMap& z, const DistanceMap& distances) {
  io::ContactMap map;
  map.length = z.length;
  map.score.assign(z.values.size(), 0);
  map.probability.assign(z.values.size(), 0);
  for (const DistanceMap::Pair& pair : distances.pairs) {
    for (const auto& [i, j] : {std::pair(pair.i, pair.j), std::pair(pair.j, pair.i)}) {
      const auto at = static_cast<std::size_t>(i) * static_cast<std::size_t>(z.length) +
                      static_cast<std::size_t>(j);
      map.score[at] = z.at(i, j);
      map.probability[at] = pair.contact();
    }
  }
  return map;
}

}  // namespace foldstream::workflows::predict
