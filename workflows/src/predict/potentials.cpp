#include "potentials.hpp"

#include <algorithm>
#include <cmath>

namespace foldstream::workflows::predict {
namespace {

using Histogram = std::array<float, distance_bins>;

constexpr std::array<int, 9> class_edges = {4, 5, 6, 8, 11, 16, 24, 36, 60};
constexpr std::array<float, distance_bins> widths = {4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 8};
constexpr std::array<float, distance_bins> centres = {
    3.5F, 4.5F, 5.5F, 6.5F, 7.5F, 8.5F, 9.5F, 10.5F, 11.5F, 12.5F, 13.5F, 15, 17, 19, 20.5F};
constexpr float least_range = 0.15F;  // pairs flatter than this only cost time

std::size_t separation_class(int separation) {
  return static_cast<std::size_t>(
      std::upper_bound(class_edges.begin(), class_edges.end(), separation) - class_edges.begin());
}

/// Mean histograms by separation class, 10 % of them flat per Å so that no bin is empty.
std::array<Histogram, class_edges.size() + 1> references(const DistanceMap& distances) {
  std::array<Histogram, class_edges.size() + 1> means{};
  std::array<float, class_edges.size() + 1> counts{};
  for (const DistanceMap::Pair& pair : distances.pairs) {
    const std::size_t c = separation_class(pair.j - pair.i);
    counts[c] += 1;
    for (std::size_t b = 0; b < distance_bins; ++b) means[c][b] += pair.probability[b];
  }
  float width = 0;
  for (const float w : widths) width += w;
  for (std::size_t c = 0; c < means.size(); ++c) {
    for (std::size_t b = 0; b < distance_bins; ++b) {
      means[c][b] = 0.9F * means[c][b] / std::max(counts[c], 1.0F) + 0.1F * widths[b] / width;
    }
  }
  return means;
}

Histogram bin_energies(const Histogram& p, const Histogram& r) {
  Histogram energy;
  for (std::size_t b = 0; b < distance_bins; ++b) {
    energy[b] = -std::log((p[b] + 0.02F * r[b] + 1e-4F) / (1.02F * r[b] + 1e-4F));
  }
  const float last = energy.back();
  for (float& value : energy) value = std::clamp(value - last, -9.0F, 3.0F);
  energy[0] = std::max(energy[0], energy[1] + 1);
  return energy;
}

std::array<float, PairPotentials::points> tabulate(const Histogram& energy) {
  std::array<float, PairPotentials::points> raw{};
  for (std::size_t k = 0; k < raw.size(); ++k) {
    const float d = static_cast<float>(k) * PairPotentials::step;
    const auto after = std::upper_bound(centres.begin(), centres.end(), d) - centres.begin();
    const auto b = static_cast<std::size_t>(after);
    if (b == 0) {
      raw[k] = energy[0];
    } else if (b < centres.size()) {
      const float w = (d - centres[b - 1]) / (centres[b] - centres[b - 1]);
      raw[k] = (1 - w) * energy[b - 1] + w * energy[b];
    }
  }
  std::array<float, PairPotentials::points> smooth = raw;
  for (std::size_t k = 1; k + 1 < raw.size(); ++k) {
    smooth[k] = 0.25F * raw[k - 1] + 0.5F * raw[k] + 0.25F * raw[k + 1];
  }
  std::fill(smooth.end() - 2, smooth.end(), 0.0F);  // 20 Å and beyond
  return smooth;
}

}  // namespace

int PairPotentials::count_within(int separation) const {
  const auto end = std::upper_bound(pairs.begin(), pairs.end(), separation,
                                    [](int s, const Pair& pair) { return s < pair.j - pair.i; });
  return static_cast<int>(end - pairs.begin());
}

PairPotentials make_potentials(const DistanceMap& distances) {
  const auto reference = references(distances);
  PairPotentials potentials{distances.length, {}};
  for (const DistanceMap::Pair& pair : distances.pairs) {
    const Histogram energy =
        bin_energies(pair.probability, reference[separation_class(pair.j - pair.i)]);
    const auto [low, high] = std::minmax_element(energy.begin(), energy.end());
    if (*high - *low < least_range) continue;
    potentials.pairs.push_back({pair.i, pair.j, pair.contact(), tabulate(energy)});
  }
  return potentials;
}

}  // namespace foldstream::workflows::predict
