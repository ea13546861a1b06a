// Internal repeats of a family, found in its profile, and the couplings that they fake.
#pragma once

#include "couplings.hpp"

#include <vector>

namespace foldstream::workflows::predict {

/// What repeats itself in an alignment. Columns count from 0.
struct Repeats {
  /// Columns first … last resemble columns first + offset … last + offset.
  struct Match {
    int offset = 0;
    int first = 0;
    int last = 0;

    friend bool operator==(const Match&, const Match&) = default;
  };

  int period = 0;       ///< the shortest strong offset; 0 = not a repeat protein
  int first = 0;        ///< where the repeats start
  int last = -1;        ///< where they end
  double strength = 0;  ///< score of the best match; what has no repeats stays below 17
  std::vector<Match> matches;

  bool found() const { return period > 0; }
};

/// Scores the profile against itself at every offset from 12 on. Two columns score
/// ln Σ_a p(a) q(a) / background(a) (Söding 2005, doi:10.1093/bioinformatics/bti125), in standard
/// deviations above the mean of all pairs of columns; a match is a stretch without gaps.
///
/// A family is called repetitive if a match scores 25 and covers 2.5 units: rows can only be
/// aligned one unit off, and couple equivalent positions, where more units than one remain.
Repeats find_repeats(const Alignment& alignment);

/// Sets the scores of equivalent positions to 0, the score of the median pair. Rows aligned one or
/// more units off couple these positions, whether they touch or not.
void mask_repeats(const Repeats& repeats, PairMap& z);

}  // namespace foldstream::workflows::predict
