#include "pair_features.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>

namespace foldstream::workflows::predict {
namespace {

std::array<float, pair_channels> features(float z, int separation, float mean_top, float length) {
  const int distance = std::abs(separation);
  const float bounded = std::clamp(z, -3.0F, 20.0F);
  const auto is = [](bool yes) { return yes ? 1.0F : 0.0F; };
  return {bounded / 5,
          std::asinh(bounded / 2),
          std::log(static_cast<float>(distance + 1)) / 3,
          is(distance == 0),
          is(distance == 1),
          is(distance == 2),
          is(distance == 3),
          is(distance == 4),
          is(distance >= 5 && distance < 12),
          separation > 0 ? 1.0F : -1.0F,
          mean_top / 5,
          std::log(length) - 5};
}

}  // namespace

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

std::vector<float> pair_features(const PairMap& z, float mean_top, Window rows, Window columns) {
  const auto plane = static_cast<std::size_t>(rows.count) * static_cast<std::size_t>(columns.count);
  std::vector<float> all(pair_channels * plane);
  const auto length = static_cast<float>(z.length);
  std::size_t at = 0;
  for (int i = rows.first; i < rows.first + rows.count; ++i) {
    for (int j = columns.first; j < columns.first + columns.count; ++j, ++at) {
      const auto own = features(i == j ? 0 : z.at(i, j), j - i, mean_top, length);
      for (std::size_t c = 0; c < own.size(); ++c) all[c * plane + at] = own[c];
    }
  }
  return all;
}

std::vector<float> residue_features(std::span<const std::uint8_t> residues,
                                    std::span<const float> structure,
                                    std::span<const float> burial) {
  std::vector<float> all(residues.size() * residue_channels);
  for (std::size_t i = 0; i < residues.size(); ++i) {
    float* own = all.data() + i * residue_channels;
    std::copy_n(structure.data() + 3 * i, 3, own);
    own[3] = burial[i];
    if (residues[i] < 20) own[4 + residues[i]] = 1;
  }
  return all;
}

}  // namespace foldstream::workflows::predict
