// The picture of the benchmark: contact maps over natives, and TM-scores by depth.
#pragma once

#include "fold_pair.hpp"

#include <string>
#include <vector>

namespace foldstream::bench {

/// One SVG without outside references: a map a protein (above the diagonal the predicted contacts,
/// those of the native below) in the order of `results`, and under them the TM-score of model 1
/// over the depth of the alignment.
std::string draw_pairs(const std::vector<PairResult>& results);

}  // namespace foldstream::bench
