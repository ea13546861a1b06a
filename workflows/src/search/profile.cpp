#include "kernel.hpp"
#include "profile.hpp"

#include <algorithm>
#include <cmath>

namespace foldstream::workflows::search {
namespace {

constexpr double pseudocount_weight = 10.0;
constexpr double unknown_score = -1.0;  // of X against anything, as in BLOSUM62
constexpr int worst_score = -8;         // a residue never seen in a deep column is no proof

using Column = std::array<double, 20>;

std::size_t at(int position, int token = 0) {
  return static_cast<std::size_t>(position) * static_cast<std::size_t>(profile_width) +
         static_cast<std::size_t>(token);
}

std::int16_t rounded(double score, int scale) {
  return static_cast<std::int16_t>(
      std::lround(std::clamp(score, double{worst_score}, 15.0) * scale));
}

/// q(a, b) / P(b): how often a stands where b stood, from the scores of BLOSUM62.
const std::array<Column, 20>& substitution() {
  static const auto table = [] {
    std::array<Column, 20> q = {};
    for (std::size_t b = 0; b < 20; ++b) {
      double sum = 0;
      for (std::size_t a = 0; a < 20; ++a) {
        q[b][a] = background()[a] * std::exp(ungapped_lambda() * blosum62()[b][a]);
        sum += q[b][a];
      }
      for (double& value : q[b]) value /= sum;
    }
    return q;
  }();
  return table;
}

/// Residue counts of every column.
std::vector<std::array<int, 20>> column_counts(const std::vector<ProfileRow>& rows, int length) {
  std::vector<std::array<int, 20>> counts(static_cast<std::size_t>(length));
  for (const ProfileRow& row : rows) {
    for (std::size_t c = 0; c < counts.size(); ++c) {
      if (row[c] < 20) ++counts[c][row[c]];
    }
  }
  return counts;
}

int distinct(const std::array<int, 20>& counts) {
  return static_cast<int>(std::count_if(counts.begin(), counts.end(), [](int n) { return n > 0; }));
}

/// Henikoff weight of each row, averaged over the columns in which it has a residue.
std::vector<double> position_weights(const std::vector<ProfileRow>& rows,
                                     const std::vector<std::array<int, 20>>& counts) {
  std::vector<double> weights;
  for (const ProfileRow& row : rows) {
    double sum = 0;
    int columns = 0;
    for (std::size_t c = 0; c < counts.size(); ++c) {
      if (row[c] >= 20) continue;
      sum += 1.0 / (distinct(counts[c]) * counts[c][row[c]]);
      ++columns;
    }
    weights.push_back(columns > 0 ? sum / columns : 0);
  }
  return weights;
}

/// Mean number of residue types around each column: how much the rows there tell.
std::vector<double> observations(const std::vector<std::array<int, 20>>& counts) {
  constexpr int reach = 10;
  const int length = static_cast<int>(counts.size());
  std::vector<double> result;
  for (int c = 0; c < length; ++c) {
    const int first = std::max(0, c - reach), last = std::min(length, c + reach + 1);
    double sum = 0;
    for (int k = first; k < last; ++k) sum += distinct(counts[static_cast<std::size_t>(k)]);
    result.push_back(sum / (last - first));
  }
  return result;
}

/// Weighted residue frequencies of column `c`, all zero if no row has a residue there.
Column frequencies(const std::vector<ProfileRow>& rows, const std::vector<double>& weights,
                   std::size_t c) {
  Column frequency = {};
  double sum = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (rows[r][c] >= 20) continue;
    frequency[rows[r][c]] += weights[r];
    sum += weights[r];
  }
  for (double& value : frequency) value = sum > 0 ? value / sum : 0;
  return frequency;
}

/// Log odds of a column with pseudocounts, in units of BLOSUM62.
Column log_odds(const Column& frequency, double alpha) {
  Column scores = {};
  for (std::size_t a = 0; a < 20; ++a) {
    double pseudo = 0;
    for (std::size_t b = 0; b < 20; ++b) pseudo += frequency[b] * substitution()[b][a];
    const double q =
        (alpha * frequency[a] + pseudocount_weight * pseudo) / (alpha + pseudocount_weight);
    scores[a] = std::log(q / background()[a]) / ungapped_lambda();
  }
  return scores;
}

}  // namespace

double ungapped_lambda() { return 0.3176; }

const std::array<double, 20>& background() {
  static const auto table = [] {
    std::array<double, 20> p = {78.05, 51.29, 44.87, 53.64, 19.25, 42.64, 62.95,
                                73.77, 21.99, 51.42, 90.19, 57.44, 22.43, 38.56,
                                52.03, 71.20, 58.41, 13.30, 32.16, 64.41};
    double sum = 0;
    for (const double value : p) sum += value;
    for (double& value : p) value /= sum;
    return p;
  }();
  return table;
}

Profile query_profile(std::span<const std::uint8_t> query, int scale) {
  Profile profile{.length = static_cast<int>(query.size()), .scale = scale, .scores = {}};
  profile.scores.assign(at(profile.length), rounded(unknown_score, scale));
  for (int i = 0; i < profile.length; ++i) {
    const std::size_t own = query[static_cast<std::size_t>(i)];
    if (own >= 20) continue;
    for (int a = 0; a < 20; ++a) {
      profile.scores[at(i, a)] = rounded(blosum62()[own][static_cast<std::size_t>(a)], scale);
    }
  }
  return profile;
}

Profile profile_from(const std::vector<ProfileRow>& rows, std::span<const std::uint8_t> query,
                     int scale) {
  Profile profile = query_profile(query, scale);
  const auto counts = column_counts(rows, profile.length);
  const auto weights = position_weights(rows, counts);
  const auto observed = observations(counts);
  for (int i = 0; i < profile.length; ++i) {
    const auto c = static_cast<std::size_t>(i);
    if (distinct(counts[c]) == 0) continue;
    const Column scores = log_odds(frequencies(rows, weights, c), observed[c] - 1.0);
    for (int a = 0; a < 20; ++a) {
      profile.scores[at(i, a)] = rounded(scores[static_cast<std::size_t>(a)], scale);
    }
  }
  return profile;
}

}  // namespace foldstream::workflows::search
