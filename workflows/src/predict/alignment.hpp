// The alignment as numbers: tokens of the query's columns and sequence weights.
#pragma once

#include <foldstream/context.hpp>
#include <foldstream/io/msa.hpp>

#include <cstdint>
#include <vector>

namespace foldstream::workflows::predict {

/// Distinct rows that fill at least half of the columns, in the order of the alignment, the query
/// first. Tokens 0–19 are amino acids, 20 is everything else: gaps, X, B, J, O, U, Z.
struct Alignment {
  int rows = 0;
  int columns = 0;
  std::vector<std::uint8_t> tokens;  ///< [rows, columns]
  std::vector<float> weights;        ///< [rows]; 1 / rows within 80 % identity, itself included
  double neff = 0;                   ///< sum of the weights
  std::int64_t rows_given = 0;       ///< in the alignment that was read
  std::int64_t duplicates = 0;       ///< left out: equal to a row before them
  std::int64_t fragments = 0;        ///< left out: fewer than half of the columns have a residue
  std::int64_t distant = 0;          ///< left out: far down and unlike the query

  const std::uint8_t* row(int index) const {
    return tokens.data() + static_cast<std::size_t>(index) * static_cast<std::size_t>(columns);
  }
};

inline constexpr std::uint8_t no_residue = 20;

/// Takes the first `max_rows` rows that are neither fragments nor duplicates, in their order, which
/// is that of the search. Behind the first 3,000 a row must also agree with the query in 20 % of
/// its residues: in the tail of a search, below the twilight zone (Rost 1999,
/// doi:10.1093/protein/12.2.85), misaligned rows outweigh the good ones. Rows behind the last one
/// taken are not looked at.
///
/// Identity is counted over the columns where both rows have a residue. Weights that the alignment
/// brings are used as they are, those of duplicates added to the row they repeat.
/// The same for any number of threads.
/// @throws Error{InvalidArgument} if the alignment is empty or its rows differ in length;
///         Error{Cancelled}.
Alignment read_alignment(const io::Msa& msa, int max_rows, const Context& context);

/// Frequencies of the residues [columns, 20] among those that have one in the column, weighted;
/// a share of `pseudocount` (0–1) is the mean composition of the alignment.
std::vector<float> profile_of(const Alignment& alignment, double pseudocount);

/// Weighted part of the rows that have a residue in each column, [columns].
std::vector<float> occupancy_of(const Alignment& alignment);

}  // namespace foldstream::workflows::predict
