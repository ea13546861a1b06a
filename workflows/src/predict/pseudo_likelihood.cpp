// Maximum pseudo-likelihood: each column regressed on all the others, then both views averaged.
#include "couplings.hpp"

#include <foldstream/workflows/predict/potts_model.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace foldstream::workflows::predict {
namespace {

constexpr auto states = static_cast<std::size_t>(potts_states);

using States = std::array<float, states>;

using Partners = std::vector<std::size_t>;  ///< the columns that a column is coupled to, ascending

/// The regression of one column: fields and couplings to its partners, [partners, b, a].
struct Regression {
  States field{};
  std::vector<float> couplings;

  explicit Regression(std::size_t partners = 0) : couplings(partners * states * states, 0) {}
  float* row(std::size_t partner, std::size_t state) {
    return couplings.data() + (partner * states + state) * states;
  }
};

/// P(state of the column | its partners in the row).
States conditional(Regression& model, const std::uint8_t* row, const Partners& partners) {
  States logits = model.field;
  for (std::size_t k = 0; k < partners.size(); ++k) {
    const float* weights = model.row(k, row[partners[k]]);
    for (std::size_t a = 0; a < states; ++a) logits[a] += weights[a];
  }
  const float top = *std::max_element(logits.begin(), logits.end());
  float sum = 0;
  for (float& value : logits) sum += value = std::exp(value - top);
  for (float& value : logits) value /= sum;
  return logits;
}

/// Gradient of the mean negative log-likelihood, without the ridge.
Regression slope_of(Regression& model, const Alignment& alignment, std::size_t i,
                    const Partners& partners) {
  Regression slope(partners.size());
  for (int n = 0; n < alignment.rows; ++n) {
    const std::uint8_t* row = alignment.row(n);
    States residual = conditional(model, row, partners);
    residual[row[i]] -= 1;
    const double share = alignment.weights[static_cast<std::size_t>(n)] / alignment.neff;
    for (float& value : residual) value *= static_cast<float>(share);
    for (std::size_t a = 0; a < states; ++a) slope.field[a] += residual[a];
    for (std::size_t k = 0; k < partners.size(); ++k) {
      float* sums = slope.row(k, row[partners[k]]);
      for (std::size_t a = 0; a < states; ++a) sums[a] += residual[a];
    }
  }
  return slope;
}

/// The partners of each column among the best-scored pairs of the whole alignment.
std::vector<Partners> choose_partners(const PairMap& z, double pairs_per_column) {
  std::vector<std::pair<float, std::pair<int, int>>> scored;
  for (int i = 0; i < z.length; ++i) {
    for (int j = i + 1; j < z.length; ++j) scored.push_back({-z.at(i, j), {i, j}});
  }
  std::sort(scored.begin(), scored.end());
  const auto wanted = static_cast<std::size_t>(std::max(0.0, pairs_per_column * z.length));
  scored.resize(std::min(scored.size(), wanted));
  std::vector<Partners> partners(static_cast<std::size_t>(z.length));
  for (const auto& [score, pair] : scored) {
    partners[static_cast<std::size_t>(pair.first)].push_back(static_cast<std::size_t>(pair.second));
    partners[static_cast<std::size_t>(pair.second)].push_back(static_cast<std::size_t>(pair.first));
  }
  for (Partners& own : partners) std::sort(own.begin(), own.end());
  return partners;
}

/// Adam: rare residues have small gradients and would hardly move under plain descent.
class Descent {
 public:
  explicit Descent(std::size_t size) : first_(size, 0), second_(size, 0) {}

  void step(std::span<float> values, std::span<const float> slope, float rate, float ridge) {
    constexpr float decay1 = 0.8F;
    constexpr float decay2 = 0.95F;
    decayed1_ *= decay1;
    decayed2_ *= decay2;
    for (std::size_t k = 0; k < values.size(); ++k) {
      const float gradient = slope[k] + 2 * ridge * values[k];
      first_[k] = decay1 * first_[k] + (1 - decay1) * gradient;
      second_[k] = decay2 * second_[k] + (1 - decay2) * gradient * gradient;
      const float scale = std::sqrt(second_[k] / (1 - decayed2_)) + 1e-5F;
      values[k] -= rate * first_[k] / (1 - decayed1_) / scale;
    }
  }

 private:
  std::vector<float> first_;
  std::vector<float> second_;
  float decayed1_ = 1;
  float decayed2_ = 1;
};

/// Fields that alone would give the frequencies of the column: a good place to start from.
States log_frequencies(const Alignment& alignment, std::size_t i) {
  States counts;
  counts.fill(0.5F);
  for (int n = 0; n < alignment.rows; ++n) {
    counts[alignment.row(n)[i]] += alignment.weights[static_cast<std::size_t>(n)];
  }
  for (float& value : counts) value = std::log(value / static_cast<float>(alignment.neff));
  return counts;
}

float rate_at(int step, int steps) {
  constexpr float first_rate = 0.1F;
  return first_rate * static_cast<float>(steps - step) / static_cast<float>(steps);
}

Regression regress(const Alignment& alignment, std::size_t i, const Partners& partners,
                   const PseudoLikelihoodOptions& options, const Context& context) {
  Regression model(partners.size());
  model.field = log_frequencies(alignment, i);
  Descent fields(states);
  Descent couplings(model.couplings.size());
  for (int step = 0; step < options.steps; ++step) {
    context.check_cancelled();
    const float rate = rate_at(step, options.steps);
    const Regression slope = slope_of(model, alignment, i, partners);
    fields.step(model.field, slope.field, rate, static_cast<float>(options.ridge_fields));
    couplings.step(model.couplings, slope.couplings, rate,
                   static_cast<float>(options.ridge_couplings));
  }
  return model;
}

/// The average of two views is weaker than either: the fields make up for it.
void refit_fields(const Alignment& alignment, std::size_t i, const Partners& partners, int steps,
                  Potts& model) {
  const auto length = static_cast<std::size_t>(model.length());
  const auto couplings = model.couplings.values<float>();
  const auto own = model.fields.mutable_values<float>().subspan(i * states, states);
  Regression view(partners.size());
  std::copy(own.begin(), own.end(), view.field.begin());
  for (std::size_t k = 0; k < partners.size(); ++k) {
    for (std::size_t b = 0; b < states; ++b) {
      const auto row =
          couplings.subspan(((partners[k] * length + i) * states + b) * states, states);
      std::copy(row.begin(), row.end(), view.row(k, b));
    }
  }
  Descent fields(states);
  for (int step = 0; step < steps; ++step) {
    fields.step(view.field, slope_of(view, alignment, i, partners).field, rate_at(step, steps), 0);
  }
  std::copy(view.field.begin(), view.field.end(), own.begin());
}

/// Adds half of the view from column i to the couplings, in both orders.
void add_view(Regression& view, std::size_t i, const Partners& partners, Potts& model) {
  const auto length = static_cast<std::size_t>(model.length());
  const auto couplings = model.couplings.mutable_values<float>();
  for (std::size_t k = 0; k < partners.size(); ++k) {
    const std::size_t j = partners[k];
    for (std::size_t b = 0; b < states; ++b) {
      for (std::size_t a = 0; a < states; ++a) {
        const float half = 0.5F * view.row(k, b)[a];
        couplings[((i * length + j) * states + a) * states + b] += half;
        couplings[((j * length + i) * states + b) * states + a] += half;
      }
    }
  }
}

}  // namespace

Potts fit_pseudo_likelihood(const io::Msa& msa, const PseudoLikelihoodOptions& options,
                            const Context& context) {
  constexpr double pseudocount = 0.5;
  const Alignment alignment = read_alignment(msa, options.max_rows, context);
  const auto partners = choose_partners(coupling_scores(invert(alignment, pseudocount, context)),
                                        options.pairs_per_column);
  std::vector<Regression> views(partners.size());
  parallel_for(context, alignment.columns, [&](int index) {
    const auto i = static_cast<std::size_t>(index);
    views[i] = regress(alignment, i, partners[i], options, context);
    context.report(static_cast<double>(index) / alignment.columns, "fitting the Potts model");
  });
  const std::int64_t size = alignment.columns;
  Potts model{Tensor(DType::f32, {size, potts_states}),
              Tensor(DType::f32, {size, size, potts_states, potts_states}), alignment.neff};
  const auto fields = model.fields.mutable_values<float>();
  for (std::size_t i = 0; i < views.size(); ++i) {
    add_view(views[i], i, partners[i], model);
    std::copy(views[i].field.begin(), views[i].field.end(),
              fields.begin() + static_cast<std::ptrdiff_t>(i * states));
  }
  parallel_for(context, alignment.columns, [&](int index) {
    const auto i = static_cast<std::size_t>(index);
    refit_fields(alignment, i, partners[i], options.steps / 2, model);
  });
  return model;
}

}  // namespace foldstream::workflows::predict
