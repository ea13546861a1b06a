// Chain libraries: many solved protein chains in one HDF5 file, for training and for statistics.
#pragma once

#include <foldstream/io/structure.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace foldstream::io {

/// One chain. Positions in Å.
struct LibraryChain {
  struct Backbone {
    Vec3 n, ca, c, o;
  };
  std::vector<std::uint8_t> residues;  ///< index into io::amino_acids
  std::vector<int> numbers;            ///< a jump is a break of the chain
  std::vector<Backbone> backbone;
  bool is_complete = false;  ///< every residue has its four backbone atoms
  bool is_held_out = false;  ///< homologous to a protein that others are judged on
};

/// Reads `offset [n+1]`, `aatype [R]`, `residue_number [R]`, `near_dev_pair [n]`,
/// `atom14_mask [R, 14]` and `atom14_centi_angstrom [R, 14, 3]` (N, CA, C, O first).
/// @throws Error{Io} if the file or one of these cannot be read, Error{Parse} naming the dataset
///         whose shape or content does not fit the others.
std::vector<LibraryChain> read_chain_library(const std::filesystem::path& path);

}  // namespace foldstream::io
