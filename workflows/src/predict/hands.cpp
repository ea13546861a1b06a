#include "hands.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace foldstream::workflows::predict {
namespace {

#include "hands_table.inc"

constexpr std::array<int, 5> separations = {8, 14, 22, 35, 60};
constexpr std::array<double, 7> turn_edges = {-0.6, -0.3, -0.1, 0, 0.1, 0.3, 0.6};
constexpr int bins = 8;
constexpr int ends = 2;  // residues without a direction at either end

/// 0 helix, 1 strand, 2 coil.
int structure_class(const StateProbabilities& p) {
  const float coil = p[coil_alpha] + p[coil_beta] + p[left_handed];
  if (p[helix] >= p[strand] && p[helix] >= coil) return 0;
  return p[strand] >= coil ? 1 : 2;
}

int bin_of(double t) {
  return static_cast<int>(std::lower_bound(turn_edges.begin(), turn_edges.end(), t) -
                          turn_edges.begin());
}

class Trace {
 public:
  Trace(std::span<const Vec3> ca, std::span<const StateProbabilities> states)
      : ca_(ca), direction_(ca.size()), sum_(ca.size() + 1), helices_(ca.size() + 1) {
    for (std::size_t i = ends; i + ends < ca.size(); ++i) {
      direction_[i] = unit(ca[i + 2] - ca[i - 2]);
    }
    for (std::size_t i = 0; i < ca.size(); ++i) {
      class_.push_back(structure_class(states[i]));
      sum_[i + 1] = sum_[i] + ca[i];
      helices_[i + 1] = helices_[i] + static_cast<int>(class_[i] == 0);
    }
  }

  double score(std::size_t i, std::size_t j) const {
    const Vec3 r = ca_[j] - ca_[i];
    const double d = norm(r);
    if (d >= 11) return 0;
    const int separation = static_cast<int>(j - i);
    const auto separation_class = static_cast<int>(
        std::upper_bound(separations.begin(), separations.end(), separation) - separations.begin());
    const bool parallel = dot(direction_[i], direction_[j]) > 0;
    const int key =
        ((class_[i] * 3 + class_[j]) * 6 + separation_class) * 2 + static_cast<int>(parallel);
    const int close = static_cast<int>(d > 5.8) + static_cast<int>(d > 8.0);
    const double t = dot(cross(direction_[i], direction_[j]), unit(r));
    double sum = packing_odds[(key * 3 + close) * bins + bin_of(t)];
    if (separation >= 8) sum += crossover(i, j, key, parallel);
    return sum;
  }

 private:
  /// The side of the connection between i and j, seen along their common direction.
  double crossover(std::size_t i, std::size_t j, int key, bool parallel) const {
    const auto count = static_cast<double>(j - 2 - (i + 3));
    const Vec3 w = (1 / count) * (sum_[j - 2] - sum_[i + 3]) - 0.5 * (ca_[i] + ca_[j]);
    const bool has_helix = (helices_[j - 2] - helices_[i + 3]) / count > 0.2;
    const Vec3 along = unit(direction_[i] + (parallel ? 1.0 : -1.0) * direction_[j]);
    const double t = dot(cross(along, unit(ca_[j] - ca_[i])), unit(w));
    return crossover_odds[(key * 2 + static_cast<int>(has_helix)) * bins + bin_of(t)];
  }

  std::span<const Vec3> ca_;
  std::vector<Vec3> direction_;
  std::vector<Vec3> sum_;
  std::vector<int> helices_;
  std::vector<int> class_;
};

}  // namespace

double hand_score(std::span<const Vec3> ca, std::span<const StateProbabilities> states) {
  const Trace trace(ca, states);
  double sum = 0;
  for (std::size_t i = ends; i + ends < ca.size(); ++i) {
    for (std::size_t j = i + 4; j + ends < ca.size(); ++j) sum += trace.score(i, j);
  }
  return sum / static_cast<double>(ca.size());
}

}  // namespace foldstream::workflows::predict
