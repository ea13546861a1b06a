// Couplings of an alignment by mean-field inversion, and how strong each pair is coupled.
#pragma once

#include "alignment.hpp"

#include <array>
#include <vector>

namespace foldstream::workflows::predict {

/// A symmetric matrix over pairs of columns, row-major [length, length].
struct PairMap {
  int length = 0;
  std::vector<float> values;

  explicit PairMap(int size = 0)
      : length(size), values(static_cast<std::size_t>(size) * static_cast<std::size_t>(size)) {}

  float& at(int i, int j) { return values[index(i, j)]; }
  float at(int i, int j) const { return values[index(i, j)]; }
  /// 0 outside.
  float around(int i, int j) const {
    return i < 0 || j < 0 || i >= length || j >= length ? 0.0F : at(i, j);
  }

 private:
  std::size_t index(int i, int j) const {
    return static_cast<std::size_t>(i) * static_cast<std::size_t>(length) +
           static_cast<std::size_t>(j);
  }
};

/// Couplings in the gauge where the gap has none: minus the inverse of the connected correlations,
/// row-major [20 length, 20 length], the index of a residue a in column i being 20 i + a.
struct MeanField {
  int columns = 0;
  std::vector<float> frequencies;  ///< [columns, 20], with pseudocounts
  std::vector<float> couplings;
};

/// Peak memory of `invert`, bytes.
std::size_t mean_field_bytes(std::size_t columns);

/// @throws Error{Unsupported} without LibTorch, Error{Internal} if the matrix is not positive.
MeanField invert(const Alignment& alignment, double pseudocount, const Context& context);

/// The couplings of two columns over 21 states, the gap the last: [21, 21].
using PairBlock = std::array<double, 21 * 21>;

/// Those of the columns i and j; the gap, the reference, has none.
PairBlock block_at(const MeanField& model, int i, int j);

/// Frobenius norm in the zero-sum gauge, the gap not counted.
double coupling_norm(const PairBlock& block);

/// Norms with average products subtracted (Dunn et al. 2008, doi:10.1093/bioinformatics/btm604), as
/// robust z over the pairs with |i−j| ≥ 6: (score − median) / (1.4826 median absolute deviation).
PairMap standard_scores(PairMap norms);

/// `standard_scores` of the norms of the couplings.
PairMap coupling_scores(const MeanField& model);

/// Replaces a symmetric positive matrix [size, size], of which only the lower triangle is read, by
/// its inverse, both triangles (Cholesky, float32). One thread.
/// @throws Error{Unsupported} without LibTorch, Error{Internal} if it is not positive.
void invert_positive(std::vector<float>& matrix, int size);

}  // namespace foldstream::workflows::predict
