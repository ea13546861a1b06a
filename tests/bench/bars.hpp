// Bars: figures over all proteins, beside what they should reach.
#pragma once

#include "fold_pair.hpp"

#include <optional>
#include <string>
#include <vector>

namespace foldstream::bench {

/// One figure. `floor` must be met, `goal` is aimed at; both are lower bounds unless `at_most`.
struct Bar {
  std::string name;
  double value = 0;
  std::string unit = "1";
  std::optional<double> floor = {};
  std::optional<double> goal = {};
  bool at_most = false;
  std::string peer = {};  ///< whom `peer_value` was measured of; empty = nobody
  std::optional<double> peer_value = {};

  bool meets(const std::optional<double>& bound) const {
    return !bound || (at_most ? value <= *bound : value >= *bound);
  }
};

/// The proteins whose alignment is deep: Neff/√L at least this.
inline constexpr double deep = 50;

/// The bars of the predictor. A protein that could not be folded counts with a TM-score and a
/// precision of 0, and is left out of the correlation and the pLDDT.
/// @param results  not empty.
std::vector<Bar> potts_bars(const std::vector<PairResult>& results);

/// The bars on time and memory, of the proteins that resemble the cases they are given for; only
/// where proteins were folded one after the other on two threads.
/// @param starts  folding trajectories, to which the folding time is scaled.
std::vector<Bar> time_bars(const std::vector<PairResult>& results, int starts, int steps);

/// A table for people.
std::string format_bars(const std::vector<Bar>& bars);
/// One JSON object a line: bench, name, value, unit, peer, peer_value, ratio, floor, goal, met.
std::string format_bars_json(const std::vector<Bar>& bars);

}  // namespace foldstream::bench
