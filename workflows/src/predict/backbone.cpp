#include "backbone.hpp"

#include <cmath>
#include <numbers>

namespace foldstream::workflows::predict {
namespace {

// Ideal values of Engh and Huber (doi:10.1107/S0108767391001071)
constexpr double degree = std::numbers::pi / 180;
constexpr double n_ca = 1.458;
constexpr double ca_c = 1.525;
constexpr double c_n = 1.329;
constexpr double c_o = 1.231;
constexpr double angle_n_ca_c = 111.0 * degree;
constexpr double angle_ca_c_n = 116.6 * degree;
constexpr double angle_c_n_ca = 121.7 * degree;
constexpr double angle_ca_c_o = 120.4 * degree;

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

void torsion_gradient(std::span<const BackboneResidue> chain, std::span<const AtomGradient> forces,
                      std::span<double> gradient) {
  Vec3 force;
  Vec3 torque;  // about the origin, of all atoms behind the bond
  const auto along = [&](const Vec3& from, const Vec3& to, const Vec3& through) {
    return dot(unit(to - from), torque - cross(through, force));
  };
  for (std::size_t i = chain.size(); i-- > 0;) {
    const BackboneResidue& r = chain[i];
    gradient[2 * i + 1] = along(r.ca, r.c, r.ca);
    force += forces[i].cb;
    torque += cross(r.cb, forces[i].cb);
    gradient[2 * i] = along(r.n, r.ca, r.ca);
    force += forces[i].ca;
    torque += cross(r.ca, forces[i].ca);
  }
}

}  // namespace foldstream::workflows::predict
