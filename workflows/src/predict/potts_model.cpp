// Mean-field couplings and fields as a model over 21 states.
#include "couplings.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/predict/potts_model.hpp>

#include <array>
#include <cmath>

namespace foldstream::workflows::predict {
namespace {

constexpr int residues = 20;
constexpr auto states = static_cast<std::size_t>(potts_states);

std::size_t model_bytes(std::size_t columns) {
  return sizeof(float) * states * states * columns * columns;
}

/// Moves row and column means into the fields of `i` (those of j follow from the block of j, i).
void to_zero_sum(PairBlock& block, std::span<double> field) {
  std::array<double, states> rows{};
  std::array<double, states> columns{};
  double mean = 0;
  for (std::size_t a = 0; a < states; ++a) {
    for (std::size_t b = 0; b < states; ++b) {
      rows[a] += block[a * states + b] / states;
      columns[b] += block[a * states + b] / states;
      mean += block[a * states + b] / (states * states);
    }
  }
  for (std::size_t a = 0; a < states; ++a) {
    field[a] += rows[a] - mean;
    for (std::size_t b = 0; b < states; ++b) block[a * states + b] += mean - rows[a] - columns[b];
  }
}

/// ln of the frequencies relative to the gap's.
std::array<double, states> log_frequencies(const MeanField& model, std::size_t i) {
  std::array<double, states> logs{};
  double gap = 1;
  for (std::size_t a = 0; a < residues; ++a) gap -= model.frequencies[i * residues + a];
  for (std::size_t a = 0; a < residues; ++a) {
    logs[a] = std::log(model.frequencies[i * residues + a] / std::max(gap, 1e-6));
  }
  return logs;
}

void subtract_mean_influence(const MeanField& model, const PairBlock& block, std::size_t j,
                             std::span<double> field) {
  for (std::size_t a = 0; a < residues; ++a) {
    for (std::size_t b = 0; b < residues; ++b) {
      field[a] -= block[a * states + b] * model.frequencies[j * residues + b];
    }
  }
}

void centre(std::span<double> field) {
  double mean = 0;
  for (const double value : field) mean += value / static_cast<double>(field.size());
  for (double& value : field) value -= mean;
}

void fill_column(const MeanField& mean_field, std::size_t i, Potts& model) {
  const auto length = static_cast<std::size_t>(mean_field.columns);
  std::array<double, states> field = log_frequencies(mean_field, i);
  const auto couplings = model.couplings.mutable_values<float>();
  for (std::size_t j = 0; j < length; ++j) {
    if (j == i) continue;
    PairBlock block = block_at(mean_field, static_cast<int>(i), static_cast<int>(j));
    subtract_mean_influence(mean_field, block, j, field);
    to_zero_sum(block, field);
    std::copy(block.begin(), block.end(),
              couplings.begin() + static_cast<std::ptrdiff_t>((i * length + j) * block.size()));
  }
  centre(field);
  std::copy(field.begin(), field.end(),
            model.fields.mutable_values<float>().begin() + static_cast<std::ptrdiff_t>(i * states));
}

}  // namespace

Potts fit_mean_field(const io::Msa& msa, const PottsOptions& options, const Context& context) {
  const std::size_t bytes = mean_field_bytes(msa.columns()) + model_bytes(msa.columns());
  if (bytes > options.memory) {
    throw Error(ErrorKind::Resources, "a Potts model of " + std::to_string(msa.columns()) +
                                          " columns needs " + std::to_string(bytes) +
                                          " bytes; the limit is " + std::to_string(options.memory) +
                                          ".");
  }
  const Alignment alignment = read_alignment(msa, options.max_rows, context);
  const MeanField mean_field = invert(alignment, options.pseudocount, context);
  const std::int64_t length = alignment.columns;
  Potts model{Tensor(DType::f32, {length, potts_states}),
              Tensor(DType::f32, {length, length, potts_states, potts_states}), alignment.neff};
  parallel_for(context, alignment.columns,
               [&](int i) { fill_column(mean_field, static_cast<std::size_t>(i), model); });
  return model;
}

}  // namespace foldstream::workflows::predict
