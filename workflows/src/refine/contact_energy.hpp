// A softened contact energy between heavy atoms, for choosing rotamers; unit: about 1 kcal/mol.
#pragma once

#include "vec3.hpp"

#include <algorithm>
#include <string_view>

namespace foldstream::workflows::refine {

/// What the contact energy needs to know of an atom.
struct ContactAtom {
  Vec3 position;
  double radius = 1.9;    ///< with its hydrogens, Å
  bool is_polar = false;  ///< may give or take a hydrogen bond
};

inline ContactAtom contact_atom(std::string_view name, const Vec3& position) {
  switch (name.front()) {
    case 'N':
      return {position, 1.70, true};
    case 'O':
      return {position, 1.60, true};
    case 'S':
      return {position, 2.00, false};
    default:
      return {position, name == "C" || name == "CG" ? 1.85 : 1.95, false};
  }
}

inline constexpr double contact_range = 6.0;

/// 12–6 with its minimum at the sum of the radii, cut at +`ceiling` so that nothing is forbidden.
inline double contact_energy(const ContactAtom& a, const ContactAtom& b) {
  constexpr double ceiling = 10.0;
  const double squared = squared_distance(a.position, b.position);
  if (squared > contact_range * contact_range) return 0;
  const bool bonds = a.is_polar && b.is_polar;
  const double contact = bonds ? 2.9 : a.radius + b.radius;
  const double depth = bonds ? 0.3 : 0.12;
  const double ratio = contact * contact / std::max(squared, 1.0);
  const double sixth = ratio * ratio * ratio;
  return std::min(depth * (sixth * sixth - 2 * sixth), ceiling);
}

}  // namespace foldstream::workflows::refine
