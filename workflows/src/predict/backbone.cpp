#include "backbone.hpp"
#include "geometry.hpp"

#include <cmath>
#include <numbers>

namespace foldstream::workflows::predict {
namespace {

/// The atom bound to `c` at this bond length, angle (b, c, atom) and dihedral (a, b, c, atom).
Vec3 place(const Vec3& a, const Vec3& b, const Vec3& c, double bond, double angle,
           double dihedral) {
  const Vec3 axis = unit(c - b);
  const Vec3 normal = unit(cross(b - a, axis));
  const Vec3 side = cross(normal, axis);
  return c + (-bond * std::cos(angle)) * axis +
         (bond * std::sin(angle) * std::cos(dihedral)) * side +
         (bond * std::sin(angle) * std::sin(dihedral)) * normal;
}

Vec3 virtual_cb(const BackboneResidue& r) {
  const Vec3 b = r.ca - r.n;
  const Vec3 c = r.c - r.ca;
  return r.ca + (-0.5827) * cross(b, c) + 0.5680 * b + (-0.5407) * c;
}

}  // namespace

void build_backbone(std::span<const double> torsions, std::span<BackboneResidue> chain) {
  BackboneResidue& first = chain[0];
  first.n = {0, 0, 0};
  first.ca = {n_ca, 0, 0};
  first.c = {n_ca - ca_c * std::cos(angle_n_ca_c), ca_c * std::sin(angle_n_ca_c), 0};
  first.cb = virtual_cb(first);
  for (std::size_t i = 1; i < chain.size(); ++i) {
    const BackboneResidue& last = chain[i - 1];
    BackboneResidue& next = chain[i];
    const double psi = torsions[2 * i - 1];
    const double phi = torsions[2 * i];
    next.n = place(last.n, last.ca, last.c, c_n, angle_ca_c_n, psi);
    next.ca = place(last.ca, last.c, next.n, n_ca, angle_c_n_ca, std::numbers::pi);
    next.c = place(last.c, next.n, next.ca, ca_c, angle_n_ca_c, phi);
    next.cb = virtual_cb(next);
  }
}

Vec3 carbonyl_oxygen(const BackboneResidue& residue, const Vec3& next_n) {
  return place(next_n, residue.ca, residue.c, c_o, angle_ca_c_o, std::numbers::pi);
}

Vec3 terminal_oxygen(const BackboneResidue& residue, double psi) {
  return place(residue.n, residue.ca, residue.c, c_o, angle_ca_c_o, psi + std::numbers::pi);
}

}  // namespace foldstream::workflows::predict
