// The parts of `foldstream-bench engine`.
#pragma once

#include "bar.hpp"

#include <filesystem>
#include <functional>
#include <vector>

namespace foldstream::bench {

/// The smallest of `repeats` values after one that is not counted: others use the machine, too, and
/// what they take is not ours. Peers are measured in the same way.
double best_of(int repeats, const std::function<double()>& measure);

/// What an empty task of a Flow costs, in ns on two threads, beside oneTBB's flow graph and task
/// groups and StarPU.
std::vector<Bar> flow_bars(bool quick);

/// What a task of a Graph costs: time, memory, expansion of many targets, resume.
std::vector<Bar> task_bars(bool quick);

/// How much longer campaigns take than their lower bound; lengths are read from `data`.
std::vector<Bar> mix_bars(const std::filesystem::path& data, bool quick);

}  // namespace foldstream::bench
