// Residue alignment: which residues of two chains stand for each other.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foldstream::workflows::score {

/// What tells one residue of a chain from the others.
struct ResidueLabel {
  char letter = 'X';
  int number = 0;
  char insertion = ' ';
};

/// Indices into the first and the second chain, both increasing.
using IndexPairs = std::vector<std::pair<int, int>>;

/// Global alignment of the letters with affine gaps (Gotoh 1982); overhanging ends are free. Among
/// alignments of equal letters the one that pairs more equal residue numbers wins, so that a gap
/// in a repeat lands where the file says. Deterministic.
IndexPairs align_letters(const std::vector<ResidueLabel>& a, const std::vector<ResidueLabel>& b);

/// The residues of equal number and insertion code, in the order of `a`. Where a number occurs more
/// than once, the first counts.
IndexPairs match_numbers(const std::vector<ResidueLabel>& a, const std::vector<ResidueLabel>& b);

}  // namespace foldstream::workflows::score
