// Which dihedral type fits four atom types, "X" standing for any.
#pragma once

#include <foldstream/workflows/refine/force_field.hpp>

#include <algorithm>

namespace foldstream::workflows::refine {

/// Exact matches between `types` and `names` in this direction; −1 if one contradicts.
inline int match_count(const std::array<std::string, 4>& types,
                       const std::array<std::string, 4>& names, bool reversed) {
  int exact = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string& name = names[reversed ? 3 - i : i];
    if (types[i] == name) {
      ++exact;
    } else if (types[i] != "X") {
      return -1;
    }
  }
  return exact;
}

/// The type with most exact matches in either direction, the first of equals, as grompp chooses it;
/// nullptr if none fits.
inline const DihedralType* best_dihedral_type(const std::vector<DihedralType>& types,
                                              const std::array<std::string, 4>& names) {
  const DihedralType* best = nullptr;
  int best_count = -1;
  for (const DihedralType& type : types) {
    const int count =
        std::max(match_count(type.types, names, false), match_count(type.types, names, true));
    if (count > best_count) {
      best = &type;
      best_count = count;
    }
  }
  return best;
}

}  // namespace foldstream::workflows::refine
