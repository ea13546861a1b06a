// Bar: a figure beside what it should reach.
#pragma once

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

/// A table for people. @param peer  heads the column of the peers' values
std::string format_bars(const std::vector<Bar>& bars, const std::string& peer);
/// One JSON object a line: bench (the area), name, value, unit, peer, peer_value, ratio, floor,
/// goal, met.
std::string format_bars_json(const std::vector<Bar>& bars, const std::string& area);

}  // namespace foldstream::bench
