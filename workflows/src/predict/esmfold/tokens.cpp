#include "tokens.hpp"

#include <foldstream/io/sequence.hpp>

#include <algorithm>

namespace foldstream::workflows::predict::esmfold {

std::vector<std::int64_t> residue_types(std::string_view residues) {
  std::vector<std::int64_t> types;
  types.reserve(residues.size());
  for (const char letter : residues)
    types.push_back(std::min<std::int64_t>(io::token_of(letter), unknown_residue));
  return types;
}

}  // namespace foldstream::workflows::predict::esmfold
