// The root-mean-square distance of two point sets after the best superposition.
#pragma once

#include "vec3.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace foldstream::workflows::refine {

/// The largest eigenvalue of a symmetric 4×4 matrix, by Jacobi rotations.
inline double largest_eigenvalue(std::array<std::array<double, 4>, 4> m) {
  for (int sweep = 0; sweep < 60; ++sweep) {
    for (std::size_t p = 0; p < 4; ++p) {
      for (std::size_t q = p + 1; q < 4; ++q) {
        if (std::abs(m[p][q]) < 1e-300) continue;
        const double half = 0.5 * std::atan2(2 * m[p][q], m[q][q] - m[p][p]);
        const double c = std::cos(half);
        const double s = std::sin(half);
        for (std::size_t k = 0; k < 4; ++k) {
          const double a = m[k][p];
          const double b = m[k][q];
          m[k][p] = c * a - s * b;
          m[k][q] = s * a + c * b;
        }
        for (std::size_t k = 0; k < 4; ++k) {
          const double a = m[p][k];
          const double b = m[q][k];
          m[p][k] = c * a - s * b;
          m[q][k] = s * a + c * b;
        }
      }
    }
  }
  return std::max({m[0][0], m[1][1], m[2][2], m[3][3]});
}

/// B. K. P. Horn, J. Opt. Soc. Am. A 4 (1987) 629: the rotation is the leading quaternion. 0 if
/// empty.
inline double superposed_rmsd(const std::vector<Vec3>& a, const std::vector<Vec3>& b) {
  if (a.empty()) return 0;
  const double count = static_cast<double>(a.size());
  Vec3 centre_a;
  Vec3 centre_b;
  for (std::size_t i = 0; i < a.size(); ++i) {
    centre_a = centre_a + (1 / count) * a[i];
    centre_b = centre_b + (1 / count) * b[i];
  }
  double size = 0;
  std::array<std::array<double, 3>, 3> s{};
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Vec3 u = a[i] - centre_a;
    const Vec3 v = b[i] - centre_b;
    size += dot(u, u) + dot(v, v);
    const std::array<double, 3> left{u.x, u.y, u.z};
    const std::array<double, 3> right{v.x, v.y, v.z};
    for (std::size_t p = 0; p < 3; ++p) {
      for (std::size_t q = 0; q < 3; ++q) s[p][q] += left[p] * right[q];
    }
  }
  const auto& [x, y, z] = s;
  const double largest =
      largest_eigenvalue({{{x[0] + y[1] + z[2], y[2] - z[1], z[0] - x[2], x[1] - y[0]},
                           {y[2] - z[1], x[0] - y[1] - z[2], x[1] + y[0], z[0] + x[2]},
                           {z[0] - x[2], x[1] + y[0], y[1] - x[0] - z[2], y[2] + z[1]},
                           {x[1] - y[0], z[0] + x[2], y[2] + z[1], z[2] - x[0] - y[1]}}});
  return std::sqrt(std::max(0.0, (size - 2 * largest) / count));
}

}  // namespace foldstream::workflows::refine
