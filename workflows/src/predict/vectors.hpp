// Arithmetic on io::Vec3.
#pragma once

#include <foldstream/io/structure.hpp>

#include <algorithm>
#include <cmath>

namespace foldstream::workflows::predict {

using io::Vec3;

inline Vec3 operator+(const Vec3& a, const Vec3& b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec3 operator-(const Vec3& a, const Vec3& b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3 operator*(double s, const Vec3& a) { return {s * a.x, s * a.y, s * a.z}; }
inline Vec3& operator+=(Vec3& a, const Vec3& b) { return a = a + b; }
inline double dot(const Vec3& a, const Vec3& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline double squared(const Vec3& a) { return dot(a, a); }
inline double norm(const Vec3& a) { return std::sqrt(squared(a)); }
inline Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
/// Of length 1; the zero vector stays zero.
inline Vec3 unit(const Vec3& a) { return (1 / std::max(norm(a), 1e-9)) * a; }

}  // namespace foldstream::workflows::predict
