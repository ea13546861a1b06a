// Bars of the predictor, over all proteins.
#pragma once

#include "bar.hpp"
#include "fold_pair.hpp"

#include <vector>

namespace foldstream::bench {

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

}  // namespace foldstream::bench
