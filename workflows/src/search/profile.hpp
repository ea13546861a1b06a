// Profiles: position-specific scores of a query, from BLOSUM62 or from the rows it has found.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace foldstream::workflows::search {

/// Scores a position: one for each token 0–20.
inline constexpr int profile_width = 21;
/// Marks a column that a row does not reach.
inline constexpr std::uint8_t outside_token = 255;
/// λ of ungapped BLOSUM62, half bits, for the background below. [Altschul et al. 1997]
double ungapped_lambda();
/// Amino-acid frequencies of proteins in the order of io::amino_acids, sum 1. [Robinson & Robinson
/// 1991]
const std::array<double, 20>& background();

/// Integer scores of a local alignment: `scale` units are one unit of BLOSUM62 (half a bit).
struct Profile {
  int length = 0;
  int scale = 1;
  std::vector<std::int16_t> scores;  ///< [length, profile_width]

  std::span<const std::int16_t> row(int position) const {
    return std::span(scores).subspan(
        static_cast<std::size_t>(position) * static_cast<std::size_t>(profile_width),
        static_cast<std::size_t>(profile_width));
  }
};

/// BLOSUM62 scores of a query (tokens 0–20).
Profile query_profile(std::span<const std::uint8_t> query, int scale);

/// Tokens over the columns of the query: 0–20, io::gap_token, or `outside_token` at the ends.
using ProfileRow = std::vector<std::uint8_t>;

/// A position-specific score matrix from aligned rows, the query among them.
///
/// Rows are weighted by position [Henikoff & Henikoff 1994]; pseudocounts from the target
/// frequencies of BLOSUM62, α = observed residue types − 1, β = 10 [Altschul et al. 1997]. Scores
/// are log odds in units of the ungapped λ of BLOSUM62, so that its statistics hold.
Profile profile_from(const std::vector<ProfileRow>& rows, std::span<const std::uint8_t> query,
                     int scale);

}  // namespace foldstream::workflows::search
