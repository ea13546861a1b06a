// Two halves of a chain library without relatives across them.
#pragma once

#include "chain.hpp"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace foldstream::workflows::train {

/// The index of the first relative of each chain, itself included. Relatives share six stretches of
/// four residues or more, directly or through others; chance alone makes two chains share 0.2.
std::vector<int> find_families(const std::vector<Chain>& chains);

/// 0 or 1 for each chain, the same for relatives; about as many residues in both.
std::vector<int> split_into_halves(const std::vector<Chain>& chains);

/// Complete chains that are not held out, of at least 30 residues, in the order of the library.
std::vector<Chain> training_chains(const std::filesystem::path& library);

}  // namespace foldstream::workflows::train
