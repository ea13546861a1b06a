// Made-up families for the tests of the predictor, the same in every run.
#pragma once

#include <foldstream/io/msa.hpp>

#include <random>
#include <string>

namespace foldstream::test {

/// Rows of random residues; columns 5 and 20 always hold the same residue.
inline io::Msa coupled_family(int rows, int columns) {
  std::mt19937_64 random(7);
  io::Msa msa;
  for (int n = 0; n < rows; ++n) {
    std::string letters;
    for (int c = 0; c < columns; ++c) letters += io::amino_acids[random() % 20];
    letters[20] = letters[5];
    msa.rows.push_back({"row" + std::to_string(n), "", letters});
  }
  return msa;
}

inline io::Sequence query_of(const io::Msa& msa) { return {"query", "", msa.rows.front().a3m}; }

}  // namespace foldstream::test
