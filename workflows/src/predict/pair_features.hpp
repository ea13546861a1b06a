// What the distance network reads: couplings and separations of pairs, and what each residue is.
#pragma once

#include "couplings.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace foldstream::workflows::predict {

inline constexpr int pair_channels = 12;
inline constexpr int residue_channels = 24;

/// A range of residues.
struct Window {
  int first = 0;
  int count = 0;
};

/// Mean z of the strongest L pairs with |i−j| ≥ 6: how much there is to be read in a map.
float mean_top_score(const PairMap& z);

/// [pair_channels, rows.count, columns.count]: z/5, asinh(z/2), ln of the separation, classes of
/// separation, direction, mean top z, ln of the length.
std::vector<float> pair_features(const PairMap& z, float mean_top, Window rows, Window columns);

/// [length, residue_channels]: `structure` [length, 3], `burial` [length], one of 20 residues.
std::vector<float> residue_features(std::span<const std::uint8_t> residues,
                                    std::span<const float> structure,
                                    std::span<const float> burial);

}  // namespace foldstream::workflows::predict
