// Symmetric eigen: eigenvalues and eigenvectors of small symmetric matrices.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace foldstream::workflows::score {

template <std::size_t N>
using Matrix = std::array<std::array<double, N>, N>;

template <std::size_t N>
struct Eigen {
  std::array<double, N> values;                  ///< largest first
  std::array<std::array<double, N>, N> vectors;  ///< vectors[k] belongs to values[k]; unit length
};

/// One Jacobi rotation that makes m[p][q] zero, gathered into the columns of `vectors`.
template <std::size_t N>
void rotate(Matrix<N>& m, Matrix<N>& vectors, std::size_t p, std::size_t q) {
  if (m[p][q] == 0) return;
  const double theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
  const double t = (theta >= 0 ? 1.0 : -1.0) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  const double c = 1 / std::sqrt(t * t + 1), s = t * c;
  const auto turn = [c, s](double& x, double& y) {
    const double old = x;
    x = c * old - s * y;
    y = s * old + c * y;
  };
  for (std::size_t k = 0; k < N; ++k) turn(m[k][p], m[k][q]);
  for (std::size_t k = 0; k < N; ++k) turn(m[p][k], m[q][k]);
  for (std::size_t k = 0; k < N; ++k) turn(vectors[k][p], vectors[k][q]);
}

/// By cyclic Jacobi sweeps. `m` must be symmetric and finite.
template <std::size_t N>
Eigen<N> symmetric_eigen(Matrix<N> m) {
  Matrix<N> columns{};
  for (std::size_t k = 0; k < N; ++k) columns[k][k] = 1;
  for (int sweep = 0; sweep < 30; ++sweep) {
    double off = 0, on = 0;
    for (std::size_t p = 0; p < N; ++p) {
      on += m[p][p] * m[p][p];
      for (std::size_t q = p + 1; q < N; ++q) off += m[p][q] * m[p][q];
    }
    if (off <= 1e-28 * on) break;
    for (std::size_t p = 0; p + 1 < N; ++p)
      for (std::size_t q = p + 1; q < N; ++q) rotate(m, columns, p, q);
  }
  Eigen<N> result{};
  std::array<bool, N> taken{};
  for (std::size_t k = 0; k < N; ++k) {
    std::size_t best = N;
    for (std::size_t c = 0; c < N; ++c)
      if (!taken[c] && (best == N || m[c][c] > m[best][best])) best = c;
    taken[best] = true;
    result.values[k] = m[best][best];
    for (std::size_t r = 0; r < N; ++r) result.vectors[k][r] = columns[r][best];
  }
  return result;
}

}  // namespace foldstream::workflows::score
