// The alignment as numbers: tokens of the query's columns and sequence weights.
#pragma once

#include <foldstream/context.hpp>
#include <foldstream/io/msa.hpp>

#include <cstdint>
#include <vector>

namespace foldstream::workflows::predict {

/// Rows at most half gaps, in the order of the alignment, the query first.
/// Tokens 0–19 are amino acids, 20 is everything else.
struct Alignment {
  int rows = 0;
  int columns = 0;
  std::vector<std::uint8_t> tokens;  ///< [rows, columns]
  std::vector<float> weights;        ///< [rows]; 1 / rows within 80 % identity, itself included
  double neff = 0;                   ///< sum of the weights

  const std::uint8_t* row(int index) const {
    return tokens.data() + static_cast<std::size_t>(index) * static_cast<std::size_t>(columns);
  }
};

inline constexpr std::uint8_t no_residue = 20;

/// Reads at most `max_rows` rows. Identity is counted over the columns where both have a residue.
/// @throws Error{InvalidArgument} if the alignment is empty or its rows differ in length.
Alignment read_alignment(const io::Msa& msa, int max_rows, const Context& context);

}  // namespace foldstream::workflows::predict
