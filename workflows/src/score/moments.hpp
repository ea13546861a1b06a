// Moments: the sums over paired points from which the best rigid motion follows.
#pragma once

#include <foldstream/workflows/score/superposition.hpp>

#include <array>

namespace foldstream::workflows::score {

/// Σ 1, Σ moving, Σ fixed and Σ moving · fixedᵀ.
struct Moments {
  double count = 0;
  std::array<double, 3> moving{};
  std::array<double, 3> fixed{};
  std::array<std::array<double, 3>, 3> product{};

  void add(double ax, double ay, double az, double bx, double by, double bz) {
    count += 1;
    moving[0] += ax, moving[1] += ay, moving[2] += az;
    fixed[0] += bx, fixed[1] += by, fixed[2] += bz;
    product[0][0] += ax * bx, product[0][1] += ax * by, product[0][2] += ax * bz;
    product[1][0] += ay * bx, product[1][1] += ay * by, product[1][2] += ay * bz;
    product[2][0] += az * bx, product[2][1] += az * by, product[2][2] += az * bz;
  }
};

/// The least-squares motion; count ≥ 1.
Superposition best_motion(const Moments& moments);

}  // namespace foldstream::workflows::score
