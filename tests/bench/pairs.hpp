// Pairs: proteins with an alignment and a solved structure, as the benchmark data has them.
#pragma once

#include <foldstream/io/msa.hpp>
#include <foldstream/io/sequence.hpp>
#include <foldstream/io/structure.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace foldstream::bench {

/// One protein. `native` has an entry a residue of the query, none where the structure lacks it.
struct Pair {
  io::Sequence query;
  std::filesystem::path alignment;  ///< A3M, not read yet
  int rows = 0;                     ///< of the alignment
  double depth = 0;                 ///< Neff at 80 % identity over the root of the length
  std::string fold_class;
  std::vector<std::optional<io::Residue>> native;

  int length() const { return static_cast<int>(native.size()); }
};

/// The pairs below `folder` by name; only `names` unless empty.
/// @throws Error{NotFound} if the folder or a name is not there, Error{Parse} if a file is damaged.
std::vector<Pair> read_pairs(const std::filesystem::path& folder,
                             const std::vector<std::string>& names);

/// The Cα of each residue of the native, none where it is not resolved.
std::vector<std::optional<io::Vec3>> native_ca(const Pair& pair);

/// Distance of the Cβ atoms (Cα where there is none), Å; none where one is not resolved.
std::optional<double> native_distance(const Pair& pair, int i, int j);

}  // namespace foldstream::bench
