#include "hand_turns.hpp"

#include <algorithm>

namespace foldstream::workflows::predict {
namespace {

constexpr std::array<int, 5> separations = {8, 14, 22, 35, 60};
constexpr std::array<double, 7> turn_edges = {-0.6, -0.3, -0.1, 0, 0.1, 0.3, 0.6};
constexpr int bins = 8;

int bin_of(double t) {
  return static_cast<int>(std::lower_bound(turn_edges.begin(), turn_edges.end(), t) -
                          turn_edges.begin());
}

}  // namespace

HandTrace::HandTrace(std::span<const Vec3> ca, std::span<const int> structure)
    : ca_(ca),
      structure_(structure),
      direction_(ca.size()),
      sum_(ca.size() + 1),
      helices_(ca.size() + 1) {
  for (std::size_t i = ends; i + ends < ca.size(); ++i) {
    direction_[i] = unit(ca[i + 2] - ca[i - 2]);
  }
  for (std::size_t i = 0; i < ca.size(); ++i) {
    sum_[i + 1] = sum_[i] + ca[i];
    helices_[i + 1] = helices_[i] + static_cast<int>(structure[i] == 0);
  }
}

HandTurn HandTrace::turn_of(std::size_t i, std::size_t j) const {
  const Vec3 r = ca_[j] - ca_[i];
  const double d = norm(r);
  const int separation = static_cast<int>(j - i);
  const auto separation_class = static_cast<int>(
      std::upper_bound(separations.begin(), separations.end(), separation) - separations.begin());
  const bool parallel = dot(direction_[i], direction_[j]) > 0;
  const int key =
      ((structure_[i] * 3 + structure_[j]) * 6 + separation_class) * 2 + static_cast<int>(parallel);
  const int close = static_cast<int>(d > 5.8) + static_cast<int>(d > 8.0);
  const double t = dot(cross(direction_[i], direction_[j]), unit(r));
  HandTurn turn{(key * 3 + close) * bins + bin_of(t)};
  if (separation >= separations.front()) turn.crossover = crossover_of(i, j, key, parallel);
  return turn;
}

/// The side of the connection between i and j, seen along their common direction.
int HandTrace::crossover_of(std::size_t i, std::size_t j, int key, bool parallel) const {
  const auto count = static_cast<double>(j - 2 - (i + 3));
  const Vec3 w = (1 / count) * (sum_[j - 2] - sum_[i + 3]) - 0.5 * (ca_[i] + ca_[j]);
  const bool has_helix = (helices_[j - 2] - helices_[i + 3]) / count > 0.2;
  const Vec3 along = unit(direction_[i] + (parallel ? 1.0 : -1.0) * direction_[j]);
  const double t = dot(cross(along, unit(ca_[j] - ca_[i])), unit(w));
  return (key * 2 + static_cast<int>(has_helix)) * bins + bin_of(t);
}

}  // namespace foldstream::workflows::predict
