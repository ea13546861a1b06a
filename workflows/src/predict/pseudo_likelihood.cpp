// Maximum pseudo-likelihood: each column regressed on all the others, then both views averaged.
#include "alignment.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/predict/potts_model.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace foldstream::workflows::predict {
namespace {

constexpr auto states = static_cast<std::size_t>(potts_states);

using States = std::array<float, states>;

/// The regression of one column: fields and couplings to every other column, [columns, b, a].
struct Regression {
  States field{};
  std::vector<float> couplings;

  explicit Regression(std::size_t columns) : couplings(columns * states * states, 0) {}
  float* row(std::size_t column, std::size_t state) {
    return couplings.data() + (column * states + state) * states;
  }
};

/// P(state of column i | the rest of the row).
States conditional(Regression& model, const std::uint8_t* row, std::size_t columns, std::size_t i) {
  States logits = model.field;
  for (std::size_t j = 0; j < columns; ++j) {
    if (j == i) continue;
    const float* weights = model.row(j, row[j]);
    for (std::size_t a = 0; a < states; ++a) logits[a] += weights[a];
  }
  const float top = *std::max_element(logits.begin(), logits.end());
  float sum = 0;
  for (float& value : logits) sum += value = std::exp(value - top);
  for (float& value : logits) value /= sum;
  return logits;
}

/// Gradient of the mean negative log-likelihood, without the ridge.
Regression slope_of(Regression& model, const Alignment& alignment, std::size_t i) {
  const auto columns = static_cast<std::size_t>(alignment.columns);
  Regression slope(columns);
  for (int n = 0; n < alignment.rows; ++n) {
    const std::uint8_t* row = alignment.row(n);
    States residual = conditional(model, row, columns, i);
    residual[row[i]] -= 1;
    const auto weight =
        static_cast<float>(alignment.weights[static_cast<std::size_t>(n)] / alignment.neff);
    for (float& value : residual) value *= weight;
    for (std::size_t a = 0; a < states; ++a) slope.field[a] += residual[a];
    for (std::size_t j = 0; j < columns; ++j) {
      if (j == i) continue;
      float* sums = slope.row(j, row[j]);
      for (std::size_t a = 0; a < states; ++a) sums[a] += residual[a];
    }
  }
  return slope;
}

/// One step of gradient descent with momentum.
void descend(std::span<float> values, std::span<const float> slope, std::span<float> speed,
             float rate, float ridge) {
  constexpr float momentum = 0.9F;
  for (std::size_t k = 0; k < values.size(); ++k) {
    speed[k] = momentum * speed[k] - rate * (slope[k] + 2 * ridge * values[k]);
    values[k] += speed[k];
  }
}

Regression regress(const Alignment& alignment, std::size_t i,
                   const PseudoLikelihoodOptions& options, const Context& context) {
  const auto columns = static_cast<std::size_t>(alignment.columns);
  Regression model(columns);
  Regression speed(columns);
  const float rate = 4.0F / static_cast<float>(columns);
  for (int step = 0; step < options.steps; ++step) {
    context.check_cancelled();
    const Regression slope = slope_of(model, alignment, i);
    descend(model.field, slope.field, speed.field, rate, static_cast<float>(options.ridge_fields));
    descend(model.couplings, slope.couplings, speed.couplings, rate,
            static_cast<float>(options.ridge_couplings));
  }
  return model;
}

/// Adds half of the view from column i to the couplings, in both orders.
void add_view(Regression& model, std::size_t i, std::size_t length, std::span<float> couplings) {
  for (std::size_t j = 0; j < length; ++j) {
    for (std::size_t b = 0; b < states && j != i; ++b) {
      for (std::size_t a = 0; a < states; ++a) {
        const float half = 0.5F * model.row(j, b)[a];
        couplings[((i * length + j) * states + a) * states + b] += half;
        couplings[((j * length + i) * states + b) * states + a] += half;
      }
    }
  }
}

}  // namespace

Potts fit_pseudo_likelihood(const io::Msa& msa, const PseudoLikelihoodOptions& options,
                            const Context& context) {
  const Alignment alignment = read_alignment(msa, options.max_rows, context);
  const auto length = static_cast<std::size_t>(alignment.columns);
  std::vector<Regression> views(length, Regression(0));
  parallel_for(context, alignment.columns, [&](int i) {
    views[static_cast<std::size_t>(i)] =
        regress(alignment, static_cast<std::size_t>(i), options, context);
    context.report(static_cast<double>(i) / alignment.columns, "fitting the Potts model");
  });
  const std::int64_t size = alignment.columns;
  Potts model{Tensor(DType::f32, {size, potts_states}),
              Tensor(DType::f32, {size, size, potts_states, potts_states}), alignment.neff};
  for (std::size_t i = 0; i < length; ++i) {
    add_view(views[i], i, length, model.couplings.mutable_values<float>());
    std::copy(
        views[i].field.begin(), views[i].field.end(),
        model.fields.mutable_values<float>().begin() + static_cast<std::ptrdiff_t>(i * states));
  }
  return model;
}

}  // namespace foldstream::workflows::predict
