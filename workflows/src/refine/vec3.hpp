// Arithmetic on io::Vec3, and atoms placed by bond length, angle and dihedral.
#pragma once

#include <foldstream/io/structure.hpp>

#include <cmath>
#include <numbers>

namespace foldstream::workflows::refine {

using io::Vec3;

inline constexpr double radians = std::numbers::pi / 180.0;

inline Vec3 operator+(const Vec3& a, const Vec3& b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec3 operator-(const Vec3& a, const Vec3& b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3 operator*(double s, const Vec3& a) { return {s * a.x, s * a.y, s * a.z}; }
inline double dot(const Vec3& a, const Vec3& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline double norm(const Vec3& a) { return std::sqrt(dot(a, a)); }
inline double distance(const Vec3& a, const Vec3& b) { return norm(a - b); }
inline double squared_distance(const Vec3& a, const Vec3& b) { return dot(a - b, a - b); }

/// The direction of `a`; a fixed direction for a vector without length.
inline Vec3 unit(const Vec3& a) {
  const double length = norm(a);
  return length > 1e-9 ? (1.0 / length) * a : Vec3{1, 0, 0};
}

/// A direction perpendicular to `a`, as near as may be to `b` and defined even if they are
/// parallel.
inline Vec3 perpendicular(const Vec3& b, const Vec3& a) {
  const Vec3 axis = unit(a);
  const Vec3 side = b - dot(b, axis) * axis;
  if (norm(side) > 1e-6) return unit(side);
  const Vec3 other = std::abs(axis.x) < 0.9 ? Vec3{1, 0, 0} : Vec3{0, 1, 0};
  return unit(other - dot(other, axis) * axis);
}

/// The angle at `b`, radians in [0, π].
inline double angle_at(const Vec3& a, const Vec3& b, const Vec3& c) {
  const Vec3 u = a - b;
  const Vec3 v = c - b;
  return std::atan2(norm(cross(u, v)), dot(u, v));
}

/// The dihedral a–b–c–d, radians in (−π, π], IUPAC sign.
inline double dihedral(const Vec3& a, const Vec3& b, const Vec3& c, const Vec3& d) {
  const Vec3 middle = c - b;
  const Vec3 left = cross(b - a, middle);
  const Vec3 right = cross(middle, d - c);
  return std::atan2(norm(middle) * dot(b - a, right), dot(left, right));
}

/// The point at `length` from `c` with the angle b–c–d and the dihedral a–b–c–d (radians).
inline Vec3 place(const Vec3& a, const Vec3& b, const Vec3& c, double length, double angle,
                  double torsion) {
  const Vec3 axis = unit(c - b);
  const Vec3 side = perpendicular(a - b, axis);
  const Vec3 up = cross(axis, side);
  const double across = length * std::sin(angle);
  return c + (-length * std::cos(angle)) * axis + (across * std::cos(torsion)) * side +
         (across * std::sin(torsion)) * up;
}

}  // namespace foldstream::workflows::refine
