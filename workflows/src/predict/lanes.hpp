// Sixteen numbers at once, one of each trajectory of a group: what the folding engine computes in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numbers>

// The wide registers of the machine, where it has them. Without fused multiply-add, so that every
// machine computes the same bytes.
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define FOLDSTREAM_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define FOLDSTREAM_WIDE
#endif
// Inlined by force: a helper must take the instruction set of its caller.
#define FOLDSTREAM_INLINE [[gnu::always_inline]] inline

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"  // no lanes cross a call that is not inlined
#endif

namespace foldstream::workflows::predict {

/// Trajectories of a group are folded together and compete; of fixed size, so that the result does
/// not depend on the number of threads.
inline constexpr int group_size = 16;
inline constexpr std::size_t lane_count = group_size;

// The alignment is stated because GCC gives each instruction set another one.
using Lanes = float __attribute__((vector_size(4 * lane_count), aligned(4 * lane_count)));
using LaneInts = std::int32_t __attribute__((vector_size(4 * lane_count), aligned(4 * lane_count)));

FOLDSTREAM_INLINE LaneInts bits_of(const Lanes& x) { return reinterpret_cast<LaneInts>(x); }
FOLDSTREAM_INLINE Lanes from_bits(const LaneInts& x) { return reinterpret_cast<Lanes>(x); }

// Comparisons and conversions by arithmetic: GCC 12 takes those of such wide vectors one by one.

/// −1 in the lanes where a < b, 0 elsewhere.
FOLDSTREAM_INLINE LaneInts below(const Lanes& a, const Lanes& b) { return bits_of(a - b) >> 31; }
/// `a` in the lanes whose mask is −1, `b` where it is 0.
FOLDSTREAM_INLINE Lanes choose(const LaneInts& mask, const Lanes& a, const Lanes& b) {
  return from_bits((bits_of(a) & mask) | (bits_of(b) & ~mask));
}
/// `a` in the lanes whose mask is −1, 0 elsewhere.
FOLDSTREAM_INLINE Lanes where(const LaneInts& mask, const Lanes& a) {
  return from_bits(bits_of(a) & mask);
}
FOLDSTREAM_INLINE Lanes least(const Lanes& a, const Lanes& b) { return choose(below(a, b), a, b); }
FOLDSTREAM_INLINE Lanes positive(const Lanes& a) { return where(~(bits_of(a) >> 31), a); }
FOLDSTREAM_INLINE Lanes all(float x) { return Lanes{} + x; }

/// The nearest whole number, for |x| < 2²².
FOLDSTREAM_INLINE Lanes rounded(const Lanes& x) { return (x + 12582912.0F) - 12582912.0F; }

/// A place between the points of a table: x ≥ 0 is index + rest, 0 ≤ rest ≤ 1.
struct Place {
  LaneInts index;
  Lanes rest;
};
FOLDSTREAM_INLINE Place place_of(const Lanes& x) {
  const Lanes shifted = (x - 0.5F) + 12582912.0F;  // 1.5 · 2²³: the last bits count ones
  return {bits_of(shifted) - 0x4B400000, x - (shifted - 12582912.0F)};
}

FOLDSTREAM_INLINE float smallest(const Lanes& x) {
  float low = x[0];
  for (std::size_t k = 1; k < lane_count; ++k) low = x[k] < low ? x[k] : low;
  return low;
}

/// 1/√x for x > 0, to five digits: a guess from the exponent, and Newton's method.
FOLDSTREAM_INLINE Lanes rough_inverse_root(const Lanes& x) {
  Lanes y = from_bits(0x5F375A86 - (bits_of(x) >> 1));
  const Lanes half = 0.5F * x;
  y *= 1.5F - half * y * y;
  y *= 1.5F - half * y * y;
  return y;
}
/// … to all digits of a float.
FOLDSTREAM_INLINE Lanes inverse_root(const Lanes& x) {
  const Lanes y = rough_inverse_root(x);
  return y * (1.5F - 0.5F * x * y * y);
}

/// Into −π…π.
FOLDSTREAM_INLINE Lanes wrapped(const Lanes& angle) {
  constexpr float turn = 2 * std::numbers::pi_v<float>;
  return angle - turn * rounded(angle * (1 / turn));
}

/// sin of an angle within −π…π, to six digits.
FOLDSTREAM_INLINE Lanes sine(const Lanes& angle) {
  constexpr float pi = std::numbers::pi_v<float>;
  const LaneInts sign = bits_of(angle) & std::int32_t{INT32_MIN};
  const Lanes size = from_bits(bits_of(angle) ^ sign);
  const Lanes folded = from_bits(bits_of(least(size, pi - size)) ^ sign);
  const Lanes s = folded * folded;
  const Lanes series =
      -1.0F / 6 +
      s * (1.0F / 120 + s * (-1.0F / 5040 + s * (1.0F / 362880 - s * (1.0F / 39916800))));
  return folded + folded * s * series;
}
FOLDSTREAM_INLINE Lanes cosine(const Lanes& angle) {
  return sine(wrapped(angle + std::numbers::pi_v<float> / 2));
}

/// Points or directions in space.
struct Points {
  Lanes x, y, z;
};

FOLDSTREAM_INLINE Points operator+(const Points& a, const Points& b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
FOLDSTREAM_INLINE Points operator-(const Points& a, const Points& b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
FOLDSTREAM_INLINE Points operator*(const Lanes& s, const Points& a) {
  return {s * a.x, s * a.y, s * a.z};
}
FOLDSTREAM_INLINE Points operator*(float s, const Points& a) { return {s * a.x, s * a.y, s * a.z}; }
FOLDSTREAM_INLINE void add(Points& a, const Points& b) {
  a.x += b.x;
  a.y += b.y;
  a.z += b.z;
}
FOLDSTREAM_INLINE void subtract(Points& a, const Points& b) {
  a.x -= b.x;
  a.y -= b.y;
  a.z -= b.z;
}
FOLDSTREAM_INLINE Lanes dot(const Points& a, const Points& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
FOLDSTREAM_INLINE Lanes squared(const Points& a) { return dot(a, a) + 1e-12F; }
FOLDSTREAM_INLINE Points cross(const Points& a, const Points& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
FOLDSTREAM_INLINE Points unit(const Points& a) { return inverse_root(squared(a)) * a; }

}  // namespace foldstream::workflows::predict
