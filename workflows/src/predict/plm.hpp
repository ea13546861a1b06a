// Couplings by asymmetric pseudo-likelihood: each column regressed on all the others.
#pragma once

#include "couplings.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace foldstream::workflows::predict {

struct PlmOptions {
  double ridge_fields = 0.01;     ///< λ of Σ h² beside the mean log-likelihood of a row
  double ridge_couplings = 0.05;  ///< λ of Σ J² is this × columns / effective sequences
  int passes = 25;                ///< at most, over the alignment, for each column
};

/// −log P(column | the other columns), the weighted mean over the rows, with ridge terms: 21
/// states, the gap the last (Ekeberg et al. 2013, doi:10.1103/PhysRevE.87.012707).
///
/// Parameters are rows of 24 floats, of which 21 count: row 0 the fields of the column, row
/// 1 + 21 j + b its couplings to state b of column j; those to itself are 0 and stay so.
class ColumnLikelihood {
 public:
  static constexpr std::size_t lanes = 24;

  /// Keeps a reference to `alignment`.
  ColumnLikelihood(const Alignment& alignment, int column, const PlmOptions& options);

  /// Number of parameters.
  std::size_t size() const;
  /// Fields that fit the frequencies of the column, no couplings.
  std::vector<float> start() const;
  /// Writes the gradient at x and returns the value there. Thread-safe.
  double operator()(std::span<const float> x, std::span<float> gradient) const;

 private:
  const Alignment& alignment_;
  std::size_t column_;
  double ridge_fields_;
  double ridge_couplings_;
};

/// Peak memory of `plm_scores`, bytes.
std::size_t plm_bytes(std::size_t columns, int threads);

/// Like `coupling_scores`, of couplings fitted by pseudo-likelihood, both views of a pair averaged.
/// Time grows as rows × columns². The same for any number of threads. @throws Error{Cancelled}.
PairMap plm_scores(const Alignment& alignment, const PlmOptions& options, const Context& context);

}  // namespace foldstream::workflows::predict
