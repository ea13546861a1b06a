// The table of the benchmark: one protein a line.
#pragma once

#include "fold_pair.hpp"

#include <string>
#include <vector>

namespace foldstream::bench {

/// A Markdown table whose columns line up: what the same seed repeats.
std::string format_pairs(const std::vector<PairResult>& results);
/// The same for what each run measures anew: seconds by part, and peak memory of the process.
std::string format_times(const std::vector<PairResult>& results);
/// One JSON object a protein: bench, name, and every figure of both tables.
std::string format_pairs_json(const std::vector<PairResult>& results);

}  // namespace foldstream::bench
