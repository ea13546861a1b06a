// A peptide with all twenty amino acids, built from ideal backbone geometry.
#pragma once

#include <foldstream/io/sequence.hpp>
#include <foldstream/io/structure.hpp>

#include <cmath>
#include <numbers>
#include <string>
#include <string_view>

namespace foldstream::test {

/// The point at `length` from `c` with angle b–c–d and dihedral a–b–c–d in degrees.
inline io::Vec3 extend(const io::Vec3& a, const io::Vec3& b, const io::Vec3& c, double length,
                       double angle, double torsion) {
  const auto minus = [](io::Vec3 p, io::Vec3 q) {
    return io::Vec3{p.x - q.x, p.y - q.y, p.z - q.z};
  };
  const auto unit = [](io::Vec3 p) {
    const double size = std::sqrt(p.x * p.x + p.y * p.y + p.z * p.z);
    return io::Vec3{p.x / size, p.y / size, p.z / size};
  };
  const auto cross = [](io::Vec3 p, io::Vec3 q) {
    return io::Vec3{p.y * q.z - p.z * q.y, p.z * q.x - p.x * q.z, p.x * q.y - p.y * q.x};
  };
  const double bend = angle * std::numbers::pi / 180;
  const double turn = torsion * std::numbers::pi / 180;
  const io::Vec3 axis = unit(minus(c, b));
  const io::Vec3 up = unit(cross(minus(b, a), axis));
  const io::Vec3 side = cross(up, axis);
  const double x = -length * std::cos(bend);
  const double y = length * std::sin(bend) * std::cos(turn);
  const double z = length * std::sin(bend) * std::sin(turn);
  return {c.x + x * axis.x + y * side.x + z * up.x, c.y + x * axis.y + y * side.y + z * up.y,
          c.z + x * axis.z + y * side.z + z * up.z};
}

/// N, CA and C of `sequence` with the same φ and ψ (degrees) everywhere; chain A, numbers from 1.
inline io::Structure backbone(std::string_view sequence, double phi = -120, double psi = 130) {
  io::Structure structure{"peptide", {{"A", {}}}};
  io::Vec3 a{0, 1.46, 0};
  io::Vec3 b{0, 0, 0};
  io::Vec3 c{1.53, 0, 0};
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const io::Vec3 n = extend(a, b, c, 1.33, 116.6, psi);
    const io::Vec3 alpha = extend(b, c, n, 1.46, 121.7, 180);
    const io::Vec3 carbon = extend(c, n, alpha, 1.525, 111.0, phi);
    structure.chains[0].residues.push_back(
        {std::string(io::three_letter(sequence[i])),
         static_cast<int>(i) + 1,
         ' ',
         {{"N", "N", n, 70, 1}, {"CA", "C", alpha, 70, 1}, {"C", "C", carbon, 70, 1}}});
    a = n;
    b = alpha;
    c = carbon;
  }
  return structure;
}

}  // namespace foldstream::test
