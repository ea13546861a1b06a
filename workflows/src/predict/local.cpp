#include "local.hpp"
#include "network.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace foldstream::workflows::predict {
namespace {

#include "local_table.inc"
#include "states_table.inc"

constexpr int half_window = 8;
constexpr int rows_read = 300;
constexpr float query_weight = 5;

using Scores = std::vector<std::array<double, local_states>>;

/// The columns of a row that hold a residue: windows run over the chain, not over its gaps.
std::vector<int> occupied(const std::uint8_t* row, int columns) {
  std::vector<int> columns_of_residues;
  for (int c = 0; c < columns; ++c) {
    if (row[c] < no_residue) columns_of_residues.push_back(c);
  }
  return columns_of_residues;
}

StateProbabilities window_states(const std::uint8_t* row, const std::vector<int>& chain, int at) {
  StateProbabilities states;
  std::copy(std::begin(local_bias), std::end(local_bias), states.begin());
  for (int k = -half_window; k <= half_window; ++k) {
    const int position = at + k;
    const bool inside = position >= 0 && position < static_cast<int>(chain.size());
    const int token = inside ? row[chain[static_cast<std::size_t>(position)]] : no_residue;
    const float* weights = local_weights + ((k + half_window) * 21 + token) * local_states;
    for (std::size_t s = 0; s < local_states; ++s) states[s] += weights[s];
  }
  Network::softmax(states);
  return states;
}

void add_row(const std::uint8_t* row, int columns, double weight, Scores& sums,
             std::vector<double>& totals) {
  const std::vector<int> chain = occupied(row, columns);
  for (std::size_t k = 0; k < chain.size(); ++k) {
    const StateProbabilities states = window_states(row, chain, static_cast<int>(k));
    const auto column = static_cast<std::size_t>(chain[k]);
    totals[column] += weight;
    for (std::size_t s = 0; s < local_states; ++s) sums[column][s] += weight * std::log(states[s]);
  }
}

/// exp of the weighted mean of the log-probabilities over the rows.
std::vector<StateProbabilities> family_states(const Alignment& alignment) {
  const auto columns = static_cast<std::size_t>(alignment.columns);
  Scores sums(columns);
  std::vector<double> totals(columns, 0);
  for (int n = 0; n < std::min(alignment.rows, rows_read); ++n) {
    const double weight = n == 0 ? query_weight : alignment.weights[static_cast<std::size_t>(n)];
    add_row(alignment.row(n), alignment.columns, weight, sums, totals);
  }
  std::vector<StateProbabilities> states(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t s = 0; s < local_states; ++s) {
      const double total = std::max(totals[c], 1e-6);
      states[c][s] = static_cast<float>(std::exp(sums[c][s] / total));
    }
  }
  return states;
}

/// The two strongest ladders of five rungs that residue i takes part in; `turn` −1 antiparallel.
std::array<float, 2> best_ladders(const PairMap& g, int i, int turn) {
  std::array<float, 2> best = {-1, -1};
  for (int j = 0; j < g.length; ++j) {
    float sum = 0;
    for (int k = -2; k <= 2; ++k) sum += g.around(i + k, j + turn * k);
    const float mean = std::abs(i - j) >= 4 ? sum / 5 : -1;
    if (mean > best[0]) {
      best = {mean, best[0]};
    } else {
      best[1] = std::max(best[1], mean);
    }
  }
  return best;
}

std::vector<float> features(const std::vector<StateProbabilities>& states, const PairMap& g,
                            int i) {
  std::vector<float> list;
  for (int m = i - 4; m <= i + 4; ++m) {
    const bool inside = m >= 0 && m < g.length;
    for (std::size_t s = 0; s < local_states; ++s) {
      list.push_back(inside ? states[static_cast<std::size_t>(m)][s] : 0);
    }
  }
  for (int k = 2; k <= 5; ++k) {
    for (int m = -5; m <= 2; ++m) list.push_back(g.around(i + m, i + m + k));
  }
  for (const int turn : {-1, 1}) {
    for (const float ladder : best_ladders(g, i, turn)) list.push_back(ladder);
  }
  return list;
}

}  // namespace

PairMap compressed(const PairMap& z) {
  PairMap g = z;
  for (float& value : g.values) value = std::asinh(std::clamp(value, -3.0F, 20.0F) / 2);
  for (int i = 0; i < g.length; ++i) g.at(i, i) = 0;
  return g;
}

std::vector<StateProbabilities> predict_states(const Alignment& alignment,
                                               const PairMap& compressed_couplings) {
  const Network network{states_hidden_weights, states_hidden_bias, states_output_weights,
                        states_output_bias};
  const std::vector<StateProbabilities> family = family_states(alignment);
  std::vector<StateProbabilities> result(family.size());
  for (int i = 0; i < alignment.columns; ++i) {
    network.evaluate(features(family, compressed_couplings, i),
                     result[static_cast<std::size_t>(i)]);
  }
  return result;
}

std::array<TorsionComponent, local_states> torsion_components() {
  std::array<TorsionComponent, local_states> components;
  for (std::size_t s = 0; s < local_states; ++s) {
    for (std::size_t angle = 0; angle < 2; ++angle) {
      components[s].mean[angle] = torsion_mean[2 * s + angle];
      components[s].kappa[angle] = torsion_kappa[2 * s + angle];
    }
  }
  return components;
}

}  // namespace foldstream::workflows::predict
