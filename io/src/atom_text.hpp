// What the writers of structure files share.
#pragma once

#include <foldstream/error.hpp>
#include <foldstream/io/structure.hpp>

#include <cmath>
#include <string>

namespace foldstream::io {

/// "residue ALA 17 of chain A"
inline std::string describe(const Chain& chain, const Residue& residue) {
  return "residue " + residue.name + " " + std::to_string(residue.number) + " of chain " + chain.id;
}

/// @throws Error{InvalidArgument} if a number of the atom is not finite.
inline void check_finite(const Atom& atom, const std::string& where) {
  const Vec3& at = atom.position;
  if (std::isfinite(at.x) && std::isfinite(at.y) && std::isfinite(at.z) &&
      std::isfinite(atom.b_factor) && std::isfinite(atom.occupancy)) {
    return;
  }
  throw Error(ErrorKind::InvalidArgument,
              where +
                  " has a coordinate, B-factor or occupancy that is not finite. A structure "
                  "can be written only if all are.");
}

/// "CL" for "Cl": both formats write elements in upper case.
inline std::string upper_case(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace foldstream::io
