#include "examples.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

namespace foldstream::workflows::train {
namespace {

using predict::Random;
using predict::Window;

constexpr float oriented_below = 13;  // Å
constexpr int knot_interval = 8;      // residues

std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::int64_t dihedral_bin(double radians) {
  const double turn = (radians + std::numbers::pi) / (2 * std::numbers::pi);
  return std::clamp(static_cast<int>(turn * predict::dihedral_bins), 0, predict::dihedral_bins - 1);
}

std::int64_t angle_bin(double radians) {
  const double part = radians / std::numbers::pi;
  return std::clamp(static_cast<int>(part * predict::angle_bins), 0, predict::angle_bins - 1);
}

void fill_pair(const Chain& chain, int i, int j, std::size_t k, Truth& truth) {
  const auto [a, b] = std::pair(at(i), at(j));
  if (std::abs(i - j) < predict::shortest_separation || !chain.known[a] || !chain.known[b]) return;
  const float d = chain.cb_distance(i, j);
  truth.distance[k] = static_cast<std::int64_t>(predict::distance_bin(d));
  truth.has_bridges[k] = 1;
  if (d >= oriented_below) return;
  const auto& own = chain.backbone[a];
  truth.omega[k] = dihedral_bin(dihedral(own.ca, chain.cb[a], chain.cb[b], chain.backbone[b].ca));
  truth.theta[k] = dihedral_bin(dihedral(own.n, own.ca, chain.cb[a], chain.cb[b]));
  truth.phi[k] = angle_bin(angle(own.ca, chain.cb[a], chain.cb[b]));
}

void mark(const std::vector<std::pair<int, int>>& ladder, Window rows, Window columns,
          float* plane) {
  const auto set = [&](int i, int j) {
    const int r = i - rows.first;
    const int c = j - columns.first;
    if (r < 0 || c < 0 || r >= rows.count || c >= columns.count) return;
    plane[at(r) * at(columns.count) + at(c)] = 1;
  };
  for (const auto& [i, j] : ladder) {
    set(i, j);
    set(j, i);
  }
}

}  // namespace

ResidueInput blur(const Chain& chain, const std::vector<float>& logits,
                  const std::vector<float>& burial, Random& random) {
  const int length = chain.length();
  std::vector<double> knots;
  for (int k = 0; k <= length / knot_interval + 1; ++k) {
    knots.push_back(std::max(0.0, 0.9 + 0.9 * random.normal()));
  }
  ResidueInput input;
  for (int i = 0; i < length; ++i) {
    const double w = static_cast<double>(i % knot_interval) / knot_interval;
    const double push =
        (1 - w) * knots[at(i / knot_interval)] + w * knots[at(i / knot_interval) + 1];
    std::array<float, 3> own{};
    for (int s = 0; s < 3; ++s) own[at(s)] = 1.2F * logits[at(3 * i + s)];
    own[chain.structure[at(i)]] += static_cast<float>(1.2 * push);
    const float top = *std::max_element(own.begin(), own.end());
    float sum = 0;
    for (float& value : own) sum += value = std::exp(value - top);
    for (const float value : own) input.structure.push_back(value / sum);
    input.burial.push_back(0.65F * burial[at(i)] + 0.35F * chain.burial[at(i)]);
  }
  return input;
}

Truth truth_of(const Chain& chain, Window rows, Window columns) {
  const std::size_t size = at(rows.count) * at(columns.count);
  Truth truth;
  for (auto* bins : {&truth.distance, &truth.omega, &truth.theta, &truth.phi})
    bins->assign(size, -1);
  truth.bridges.assign(2 * size, 0);
  truth.has_bridges.assign(size, 0);
  std::size_t k = 0;
  for (int i = rows.first; i < rows.first + rows.count; ++i) {
    for (int j = columns.first; j < columns.first + columns.count; ++j, ++k) {
      fill_pair(chain, i, j, k, truth);
    }
  }
  mark(chain.parallel, rows, columns, truth.bridges.data());
  mark(chain.antiparallel, rows, columns, truth.bridges.data() + size);
  return truth;
}

}  // namespace foldstream::workflows::train
