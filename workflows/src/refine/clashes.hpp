// Clashes between heavy atoms, by index.
#pragma once

#include "vec3.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace foldstream::workflows::refine {

/// A set of heavy atoms and the bonds between them.
struct HeavyAtoms {
  std::vector<Vec3> positions;
  std::vector<double> radii;
  std::vector<std::vector<int>> bonded;
};

/// The Bondi radius of an element, Å (A. Bondi, J. Phys. Chem. 68, 1964, 441); 0 for hydrogen.
double bondi_radius(std::string_view element);

inline constexpr double clash_overlap = 0.4;  ///< Å that two radii may overlap

/// Pairs (i < j) more than three bonds apart and closer than their radii less `overlap`, sorted.
std::vector<std::pair<int, int>> find_clashes(const HeavyAtoms& atoms,
                                              double overlap = clash_overlap);

}  // namespace foldstream::workflows::refine
