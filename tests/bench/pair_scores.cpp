#include "pair_scores.hpp"

#include <foldstream/workflows/score/lddt.hpp>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace foldstream::bench {
namespace {

constexpr int least_separation = 6;
constexpr double contact = 8.0;

}  // namespace

Precision contact_precision(const Pair& pair, std::span<const float> scores) {
  const int length = pair.length();
  std::vector<std::tuple<float, int, int>> ranked;
  for (int i = 0; i < length; ++i) {
    for (int j = i + least_separation; j < length; ++j) {
      const float score = scores[static_cast<std::size_t>(i * length + j)];
      if (native_distance(pair, i, j)) ranked.emplace_back(-score, i, j);
    }
  }
  std::sort(ranked.begin(), ranked.end());
  const auto of_top = [&](int count) {
    const auto top = std::min(ranked.size(), static_cast<std::size_t>(std::max(count, 1)));
    const auto hits = std::count_if(
        ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(top), [&](const auto& entry) {
          return *native_distance(pair, std::get<1>(entry), std::get<2>(entry)) < contact;
        });
    return top == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(top);
  };
  return {of_top(length / 5), of_top(length)};
}

std::vector<std::optional<io::Vec3>> model_ca(const io::Structure& model) {
  std::vector<std::optional<io::Vec3>> points;
  for (const io::Residue& residue : model.chains.front().residues) {
    const io::Atom* atom = residue.find("CA");
    points.push_back(atom == nullptr ? std::nullopt : std::optional(atom->position));
  }
  return points;
}

std::vector<std::optional<io::Vec3>> mirrored(std::vector<std::optional<io::Vec3>> points) {
  for (auto& point : points)
    if (point) point->x = -point->x;
  return points;
}

LddtCheck check_lddt(const Pair& pair, const std::vector<std::optional<io::Vec3>>& model,
                     std::span<const double> plddt) {
  const auto native = native_ca(pair);
  std::vector<std::optional<io::Vec3>> ours;
  std::vector<io::Vec3> theirs;
  std::vector<double> estimates;
  for (std::size_t i = 0; i < native.size(); ++i) {
    if (!native[i]) continue;
    theirs.push_back(*native[i]);
    ours.push_back(model[i]);
    estimates.push_back(plddt[i]);
  }
  const workflows::score::Lddt lddt = workflows::score::lddt_ca(ours, theirs);
  LddtCheck check{100 * lddt.global, 0, 0};
  const auto count = static_cast<double>(estimates.size());
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    check.plddt += estimates[i] / count;
    check.difference += std::abs(estimates[i] - 100 * lddt.per_residue[i]) / count;
  }
  return check;
}

double correlation(std::span<const double> x, std::span<const double> y) {
  const auto count = static_cast<double>(x.size());
  double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mean_x += x[i] / count;
    mean_y += y[i] / count;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  return x.size() < 3 || xx <= 0 || yy <= 0 ? 0 : xy / std::sqrt(xx * yy);
}

}  // namespace foldstream::bench
