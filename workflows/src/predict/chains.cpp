#include "chains.hpp"
#include "geometry.hpp"

#include <cmath>

namespace foldstream::workflows::predict {
namespace {

/// Where the next atom lies behind a bond: along it, and off it.
struct Bond {
  float along;
  float off;
};

Bond bond_of(double length, double angle) {
  return {static_cast<float>(-length * std::cos(angle)),
          static_cast<float>(length * std::sin(angle))};
}

/// The atom bound to `c` with the dihedral (a, b, c, atom) of this cosine and sine.
FOLDSTREAM_INLINE Points place(const Points& a, const Points& b, const Points& c, const Bond& bond,
                               const Lanes& cosine, const Lanes& sine) {
  const Points axis = unit(c - b);
  const Points normal = unit(cross(b - a, axis));
  const Points side = cross(normal, axis);
  return c + bond.along * axis + (bond.off * cosine) * side + (bond.off * sine) * normal;
}

FOLDSTREAM_INLINE void place_cb(Atoms& chains, std::size_t i) {
  const Points b = chains.ca[i] - chains.n[i];
  const Points c = chains.c[i] - chains.ca[i];
  chains.cb[i] = chains.ca[i] + -0.5827F * cross(b, c) + 0.5680F * b + -0.5407F * c;
}

Points at(double x, double y) {
  return {all(static_cast<float>(x)), all(static_cast<float>(y)), Lanes{}};
}

/// The torque along the bond from → to of all that lies behind it.
FOLDSTREAM_INLINE Lanes along(const Points& from, const Points& to, const Points& force,
                              const Points& torque) {
  return dot(unit(to - from), torque - cross(to, force));
}

}  // namespace

FOLDSTREAM_WIDE void build_chains(std::span<const Torsions> torsions, Atoms& chains) {
  const Bond to_n = bond_of(c_n, angle_ca_c_n);
  const Bond to_ca = bond_of(n_ca, angle_c_n_ca);
  const Bond to_c = bond_of(ca_c, angle_n_ca_c);
  const Bond to_o = bond_of(c_o, angle_ca_c_o);
  const Lanes trans = all(-1);
  auto& [n, ca, c, o, cb] = chains;
  n[0] = at(0, 0);
  ca[0] = at(n_ca, 0);
  c[0] = at(n_ca - ca_c * std::cos(angle_n_ca_c), ca_c * std::sin(angle_n_ca_c));
  for (std::size_t i = 0; i < torsions.size(); ++i) {
    const Lanes cosine_psi = cosine(torsions[i].psi);
    const Lanes sine_psi = sine(torsions[i].psi);
    place_cb(chains, i);
    o[i] = place(n[i], ca[i], c[i], to_o, -cosine_psi, -sine_psi);
    if (i + 1 == torsions.size()) break;
    const Lanes phi = torsions[i + 1].phi;
    n[i + 1] = place(n[i], ca[i], c[i], to_n, cosine_psi, sine_psi);
    ca[i + 1] = place(ca[i], c[i], n[i + 1], to_ca, trans, Lanes{});
    c[i + 1] = place(c[i], n[i + 1], ca[i + 1], to_c, cosine(phi), sine(phi));
  }
}

FOLDSTREAM_WIDE void torsion_gradient(const Atoms& chains, const Slope& slope,
                                      std::span<Torsions> gradient) {
  const auto& [n, ca, c, o, cb] = chains;
  const Atoms& forces = slope.atoms;
  Points force{};
  Points torque{};  // about the origin, of all atoms behind the bond
  for (std::size_t i = gradient.size(); i-- > 0;) {
    add(force, forces.o[i]);
    add(torque, cross(o[i], forces.o[i]));
    gradient[i].psi = along(ca[i], c[i], force, torque);
    add(force, forces.c[i] + forces.cb[i]);
    add(torque, cross(c[i], forces.c[i]) + cross(cb[i], forces.cb[i]));
    gradient[i].phi = along(n[i], ca[i], force, torque);
    add(force, forces.ca[i] + forces.n[i]);
    add(torque, cross(ca[i], forces.ca[i]) + cross(n[i], forces.n[i]));
  }
}

}  // namespace foldstream::workflows::predict
