#include "repeats.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace foldstream::workflows::predict {
namespace {

constexpr int residues = 20;
constexpr int shortest_offset = 12;
constexpr double pseudocount = 0.1;
constexpr double drift = 0.3;       ///< subtracted from each pair, so that matches end
constexpr double drop = 10;         ///< a match ends this far below its best score
constexpr double least_match = 20;  ///< of a family that has repeats
constexpr double least_strength = 25;
constexpr double least_units = 2.5;

struct ScoredMatch {
  double score = 0;
  Repeats::Match match;

  int end() const { return match.last + match.offset; }
  double units() const {
    return static_cast<double>(end() - match.first + 1) / static_cast<double>(match.offset);
  }
};

double column_score(const float* p, const float* q, const float* background) {
  double sum = 0;
  for (int a = 0; a < residues; ++a) sum += p[a] * q[a] / std::max(background[a], 1e-6F);
  return std::log(std::max(sum, 1e-6));
}

/// Scores of all pairs of columns, in standard deviations above their mean.
PairMap score_columns(const Alignment& alignment) {
  const std::vector<float> profile = profile_of(alignment, pseudocount);
  const std::vector<float> background = profile_of(alignment, 1);
  PairMap scores(alignment.columns);
  double sum = 0, squares = 0, count = 1e-9;
  for (int i = 0; i < alignment.columns; ++i) {
    for (int j = i + shortest_offset; j < alignment.columns; ++j) {
      const double score =
          column_score(&profile[static_cast<std::size_t>(i * residues)],
                       &profile[static_cast<std::size_t>(j * residues)], background.data());
      scores.at(i, j) = static_cast<float>(score);
      sum += score;
      squares += score * score;
      ++count;
    }
  }
  const double mean = sum / count;
  const double deviation = std::sqrt(std::max(squares / count - mean * mean, 1e-6));
  for (float& value : scores.values) value = static_cast<float>((value - mean) / deviation);
  return scores;
}

/// The stretches of one diagonal that score best.
std::vector<ScoredMatch> matches_at(const PairMap& scores, int offset) {
  std::vector<ScoredMatch> matches;
  ScoredMatch best;
  double running = 0;
  int first = 0;
  const auto close = [&](int next) {
    if (best.score >= least_match) matches.push_back(best);
    best = {};
    running = 0;
    first = next;
  };
  for (int i = 0; i + offset < scores.length; ++i) {
    running += scores.at(i, i + offset) - drift;
    if (running > best.score) best = {running, {offset, first, i}};
    if (running <= 0 || running < best.score - drop) close(i + 1);
  }
  close(0);
  return matches;
}

}  // namespace

Repeats find_repeats(const Alignment& alignment) {
  const PairMap scores = score_columns(alignment);
  std::vector<ScoredMatch> matches;
  for (int offset = shortest_offset; offset < alignment.columns; ++offset) {
    std::ranges::copy(matches_at(scores, offset), std::back_inserter(matches));
  }
  double strength = 0;
  for (const ScoredMatch& match : matches) {
    if (match.units() >= least_units) strength = std::max(strength, match.score);
  }
  Repeats repeats;
  if (strength < least_strength) return repeats;
  repeats.strength = strength;
  repeats.first = alignment.columns;
  for (const ScoredMatch& found : matches) {  // the shortest offsets first
    if (repeats.period == 0 && found.score >= strength / 2) repeats.period = found.match.offset;
    repeats.first = std::min(repeats.first, found.match.first);
    repeats.last = std::max(repeats.last, found.end());
    repeats.matches.push_back(found.match);
  }
  return repeats;
}

void mask_repeats(const Repeats& repeats, PairMap& z) {
  for (const Repeats::Match& match : repeats.matches) {
    for (int i = match.first; i <= match.last; ++i) {
      z.at(i, i + match.offset) = 0;
      z.at(i + match.offset, i) = 0;
    }
  }
}

}  // namespace foldstream::workflows::predict
