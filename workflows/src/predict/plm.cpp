#include "lbfgs.hpp"
#include "plm.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>

namespace foldstream::workflows::predict {
namespace {

constexpr std::size_t states = 21;
constexpr std::size_t lanes = ColumnLikelihood::lanes;
constexpr std::size_t block = states * lanes;  ///< couplings to one column

using Lanes = float __attribute__((vector_size(32)));
using Unaligned = float __attribute__((vector_size(32), aligned(4), may_alias));
using Integers = std::int32_t __attribute__((vector_size(32)));

// Vectors go by reference: by value they would need AVX at the place of the call.
#define FOLDSTREAM_INLINE [[gnu::always_inline]] inline

FOLDSTREAM_INLINE void load(Lanes (&row)[3], const float* from) {
  for (int k = 0; k < 3; ++k) row[k] = reinterpret_cast<const Unaligned*>(from)[k];
}

FOLDSTREAM_INLINE void add(Lanes (&row)[3], const float* from) {
  for (int k = 0; k < 3; ++k) row[k] += reinterpret_cast<const Unaligned*>(from)[k];
}

FOLDSTREAM_INLINE void store(const Lanes (&row)[3], float* to) {
  for (int k = 0; k < 3; ++k) reinterpret_cast<Unaligned*>(to)[k] = row[k];
}

/// Replaces x ≤ 0 by e^x to a relative 1e-6, by 2e-35 below −80. The same on every processor.
FOLDSTREAM_INLINE void exponentiate(Lanes& x) {
  const Lanes least = Lanes{} - 80.0F;
  x = x < least ? least : x;
  const Integers whole = __builtin_convertvector(x * 1.44269504F - 0.5F, Integers);
  const Lanes n = __builtin_convertvector(whole, Lanes);
  const Lanes r = (x - n * 0.693359375F) + n * 2.12194440e-4F;  // ln 2 in two parts
  Lanes sum = r * (1.0F / 720) + 1.0F / 120;
  sum = sum * r + 1.0F / 24;
  sum = sum * r + 1.0F / 6;
  sum = sum * r + 0.5F;
  sum = sum * r + 1.0F;
  sum = sum * r + 1.0F;
  const Integers power = (whole + 127) << 23;
  x = sum * reinterpret_cast<Lanes>(power);
}

/// Replaces logits of 21 states by probabilities, the lanes behind them by 0.
/// @returns −ln P(own).
FOLDSTREAM_INLINE float normalise(Lanes (&row)[3], std::uint8_t own) {
  float values[lanes];
  store(row, values);
  float top = values[0];
  for (std::size_t a = 1; a < states; ++a) top = values[a] > top ? values[a] : top;
  for (int k = 0; k < 3; ++k) {
    row[k] -= top;
    exponentiate(row[k]);
  }
  row[2] *= Lanes{1, 1, 1, 1, 1, 0, 0, 0};
  const Lanes pairs = row[0] + row[1] + row[2];
  float sum = 0;
  for (int lane = 0; lane < 8; ++lane) sum += pairs[lane];
  for (int k = 0; k < 3; ++k) row[k] /= sum;
  return std::log(sum) - (values[own] - top);
}

constexpr std::size_t row_block = 128;  ///< with a column block: what the first cache holds
constexpr std::size_t column_block = 8;

/// What `add_gradient` reads.
struct Rows {
  const Alignment& alignment;
  std::size_t column;
};

/// Some rows, and what the regression makes of them: logits, then residuals.
struct Batch {
  const std::uint8_t* tokens;
  std::size_t columns;
  std::size_t rows;
  float values[row_block * lanes];
};

FOLDSTREAM_INLINE void add_logits(Batch& batch, const float* x) {
  for (std::size_t n = 0; n < batch.rows; ++n) std::copy_n(x, lanes, &batch.values[n * lanes]);
  for (std::size_t first = 0; first < batch.columns; first += column_block) {
    const std::size_t last = std::min(first + column_block, batch.columns);
    for (std::size_t n = 0; n < batch.rows; ++n) {
      const std::uint8_t* row = batch.tokens + n * batch.columns;
      Lanes sum[3];
      load(sum, &batch.values[n * lanes]);
      for (std::size_t j = first; j < last; ++j) add(sum, x + lanes + j * block + row[j] * lanes);
      store(sum, &batch.values[n * lanes]);
    }
  }
}

FOLDSTREAM_INLINE void add_residuals(const Batch& batch, float* gradient) {
  for (std::size_t first = 0; first < batch.columns; first += column_block) {
    const std::size_t last = std::min(first + column_block, batch.columns);
    for (std::size_t n = 0; n < batch.rows; ++n) {
      const std::uint8_t* row = batch.tokens + n * batch.columns;
      for (std::size_t j = first; j < last; ++j) {
        float* slope = gradient + lanes + j * block + row[j] * lanes;
        Lanes sum[3];
        load(sum, &batch.values[n * lanes]);
        add(sum, slope);
        store(sum, slope);
      }
    }
  }
  Lanes fields[3];
  load(fields, gradient);
  for (std::size_t n = 0; n < batch.rows; ++n) add(fields, &batch.values[n * lanes]);
  store(fields, gradient);
}

/// Logits to (P − truth) × share of the row. @returns −ln P × share, summed.
FOLDSTREAM_INLINE double turn_into_residuals(Batch& batch, const Rows& rows, std::size_t first) {
  double value = 0;
  for (std::size_t n = 0; n < batch.rows; ++n) {
    const double share = rows.alignment.weights[first + n] / rows.alignment.neff;
    const std::uint8_t own = batch.tokens[n * batch.columns + rows.column];
    float* values = &batch.values[n * lanes];
    Lanes row[3];
    load(row, values);
    value += share * normalise(row, own);
    for (int k = 0; k < 3; ++k) row[k] *= static_cast<float>(share);
    store(row, values);
    values[own] -= static_cast<float>(share);
  }
  return value;
}

/// Adds the mean gradient of all rows. @returns the mean −ln P.
FOLDSTREAM_INLINE double add_gradient(const Rows& rows, const float* x, float* gradient) {
  const auto all = static_cast<std::size_t>(rows.alignment.rows);
  Batch batch;
  batch.columns = static_cast<std::size_t>(rows.alignment.columns);
  double value = 0;
  for (std::size_t first = 0; first < all; first += row_block) {
    batch.tokens = rows.alignment.row(static_cast<int>(first));
    batch.rows = std::min(row_block, all - first);
    add_logits(batch, x);
    value += turn_into_residuals(batch, rows, first);
    add_residuals(batch, gradient);
  }
  return value;
}

#if defined(__x86_64__)
// the same body compiled twice: eight floats at a time where the processor can; no FMA, so that
// both give the same bytes
[[gnu::target("avx2")]] double add_gradient_avx2(const Rows& rows, const float* x,
                                                 float* gradient) {
  return add_gradient(rows, x, gradient);
}
#endif

double add_gradient_any(const Rows& rows, const float* x, float* gradient) {
  return add_gradient(rows, x, gradient);
}

double add_rows(const Rows& rows, const float* x, float* gradient) {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  if (has_avx2) return add_gradient_avx2(rows, x, gradient);
#endif
  return add_gradient_any(rows, x, gradient);
}

/// Couplings of one column to all others, [columns, 21, 24]: state of the other column, own state.
using View = std::vector<float>;

View fit_column(const Alignment& alignment, int column, const PlmOptions& options,
                const Context& context) {
  const ColumnLikelihood likelihood(alignment, column, options);
  std::vector<float> x = likelihood.start();
  LbfgsOptions descent;
  descent.evaluations = options.passes;
  minimise(
      [&](std::span<const float> at, std::span<float> gradient) {
        context.check_cancelled();
        return likelihood(at, gradient);
      },
      x, descent);
  x.erase(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(lanes));
  return x;
}

/// Both views of a pair, averaged.
PairBlock pair_block(const std::vector<View>& views, std::size_t i, std::size_t j) {
  const float* from_i = &views[i][j * block];
  const float* from_j = &views[j][i * block];
  PairBlock couplings;
  for (std::size_t a = 0; a < states; ++a) {
    for (std::size_t b = 0; b < states; ++b) {
      couplings[a * states + b] = 0.5 * (from_i[b * lanes + a] + from_j[a * lanes + b]);
    }
  }
  return couplings;
}

}  // namespace

ColumnLikelihood::ColumnLikelihood(const Alignment& alignment, int column,
                                   const PlmOptions& options)
    : alignment_(alignment),
      column_(static_cast<std::size_t>(column)),
      ridge_fields_(options.ridge_fields),
      ridge_couplings_(options.ridge_couplings * alignment.columns / alignment.neff) {}

std::size_t ColumnLikelihood::size() const {
  return lanes + static_cast<std::size_t>(alignment_.columns) * block;
}

std::vector<float> ColumnLikelihood::start() const {
  std::array<double, states> counts;
  counts.fill(0.5);
  for (int n = 0; n < alignment_.rows; ++n) {
    counts[alignment_.row(n)[column_]] += alignment_.weights[static_cast<std::size_t>(n)];
  }
  double mean = 0;
  for (double& count : counts) mean += (count = std::log(count)) / states;
  std::vector<float> x(size(), 0);
  for (std::size_t a = 0; a < states; ++a) x[a] = static_cast<float>(counts[a] - mean);
  return x;
}

double ColumnLikelihood::operator()(std::span<const float> x, std::span<float> gradient) const {
  std::fill(gradient.begin(), gradient.end(), 0.0F);
  double value = add_rows({alignment_, column_}, x.data(), gradient.data());
  const auto own = gradient.subspan(lanes + column_ * block, block);
  std::fill(own.begin(), own.end(), 0.0F);
  const auto add_ridge = [&](std::size_t first, std::size_t last, double ridge) {
    double squares = 0;
    for (std::size_t k = first; k < last; ++k) {
      squares += static_cast<double>(x[k]) * static_cast<double>(x[k]);
      gradient[k] += static_cast<float>(2 * ridge) * x[k];
    }
    value += ridge * squares;
  };
  add_ridge(0, lanes, ridge_fields_);
  add_ridge(lanes, x.size(), ridge_couplings_);
  return value;
}

std::size_t plm_bytes(std::size_t columns, int threads) {
  constexpr std::size_t working_copies = 16;  // of the descent: its pairs, gradients and steps
  const std::size_t view = sizeof(float) * block * columns;
  return view * columns + view * working_copies * static_cast<std::size_t>(threads);
}

PairMap plm_scores(const Alignment& alignment, const PlmOptions& options, const Context& context) {
  std::vector<View> views(static_cast<std::size_t>(alignment.columns));
  std::atomic<int> done = 0;
  parallel_for(context, alignment.columns, [&](int i) {
    views[static_cast<std::size_t>(i)] = fit_column(alignment, i, options, context);
    context.report(static_cast<double>(++done) / alignment.columns, "fitting columns");
  });
  PairMap norms(alignment.columns);
  for (int i = 0; i < alignment.columns; ++i) {
    for (int j = i + 1; j < alignment.columns; ++j) {
      const PairBlock couplings =
          pair_block(views, static_cast<std::size_t>(i), static_cast<std::size_t>(j));
      norms.at(i, j) = norms.at(j, i) = static_cast<float>(coupling_norm(couplings));
    }
  }
  return standard_scores(std::move(norms));
}

}  // namespace foldstream::workflows::predict
