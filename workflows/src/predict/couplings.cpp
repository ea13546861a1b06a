#include "couplings.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace foldstream::workflows::predict {
namespace {

constexpr int residues = 20;
constexpr int states = 21;

std::size_t offset(int row, int size, int column) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(size) +
         static_cast<std::size_t>(column);
}

std::vector<float> single_frequencies(const Alignment& alignment, double pseudocount) {
  std::vector<double> counts(static_cast<std::size_t>(alignment.columns * residues), 0);
  for (int n = 0; n < alignment.rows; ++n) {
    for (int i = 0; i < alignment.columns; ++i) {
      const int a = alignment.row(n)[i];
      if (a < residues) {
        counts[static_cast<std::size_t>(i * residues + a)] +=
            alignment.weights[static_cast<std::size_t>(n)];
      }
    }
  }
  std::vector<float> frequencies(counts.size());
  std::transform(counts.begin(), counts.end(), frequencies.begin(), [&](double count) {
    return static_cast<float>((1 - pseudocount) * count / alignment.neff + pseudocount / states);
  });
  return frequencies;
}

/// Adds up weights of residue pairs, column i with itself and those before it: a band of the lower
/// triangle.
void count_band(const Alignment& alignment, int i, std::vector<float>& matrix) {
  const int size = alignment.columns * residues;
  for (int n = 0; n < alignment.rows; ++n) {
    const std::uint8_t* row = alignment.row(n);
    if (row[i] >= residues) continue;
    float* band = matrix.data() + offset(i * residues + row[i], size, 0);
    const float weight = alignment.weights[static_cast<std::size_t>(n)];
    for (int j = 0; j <= i; ++j) {
      if (row[j] < residues) band[j * residues + row[j]] += weight;
    }
  }
}

void turn_counts_into_correlations(const MeanField& model, int i, double scale, double floor,
                                   std::vector<float>& matrix) {
  const int size = model.columns * residues;
  for (int a = i * residues; a < (i + 1) * residues; ++a) {
    const float own = model.frequencies[static_cast<std::size_t>(a)];
    for (int b = 0; b < (i + 1) * residues; ++b) {
      float& value = matrix[offset(a, size, b)];
      const bool same_column = b / residues == i;
      const double joint = same_column ? (a == b ? own : 0.0) : scale * value + floor;
      value = static_cast<float>(joint - own * model.frequencies[static_cast<std::size_t>(b)]);
    }
  }
}

double median(std::vector<float> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void subtract_average_products(PairMap& map) {
  const int size = map.length;
  std::vector<double> means(static_cast<std::size_t>(size), 0);
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size; ++j) means[static_cast<std::size_t>(i)] += map.at(i, j) / (size - 1);
  }
  const double mean = std::accumulate(means.begin(), means.end(), 0.0) / size;
  for (int i = 0; i < size && mean > 0; ++i) {
    for (int j = 0; j < size; ++j) {
      map.at(i, j) -= static_cast<float>(means[static_cast<std::size_t>(i)] *
                                         means[static_cast<std::size_t>(j)] / mean);
    }
  }
}

void standardise(PairMap& map) {
  std::vector<float> far;
  for (int i = 0; i < map.length; ++i) {
    for (int j = i + 6; j < map.length; ++j) far.push_back(map.at(i, j));
  }
  const auto centre = static_cast<float>(median(far));
  for (float& value : far) value = std::abs(value - centre);
  const auto spread = std::max(1e-9F, static_cast<float>(1.4826 * median(far)));
  for (float& value : map.values) value = (value - centre) / spread;
}

}  // namespace

std::size_t mean_field_bytes(std::size_t columns) {
  constexpr std::size_t copies = 3;  // the matrix, its factor and its inverse
  return copies * sizeof(float) * residues * residues * columns * columns;
}

MeanField invert(const Alignment& alignment, double pseudocount, const Context& context) {
  MeanField model;
  model.columns = alignment.columns;
  model.frequencies = single_frequencies(alignment, pseudocount);
  const int size = alignment.columns * residues;
  model.couplings.assign(offset(size, size, 0), 0);
  const double scale = (1 - pseudocount) / alignment.neff;
  parallel_for(context, alignment.columns, [&](int k) {
    const int i = alignment.columns - 1 - k;  // the longest band first
    count_band(alignment, i, model.couplings);
    turn_counts_into_correlations(model, i, scale, pseudocount / (states * states),
                                  model.couplings);
  });
  invert_positive(model.couplings, size);
  return model;
}

PairBlock block_at(const MeanField& model, int i, int j) {
  const int size = model.columns * residues;
  PairBlock block{};
  for (int a = 0; a < residues; ++a) {
    for (int b = 0; b < residues; ++b) {
      block[static_cast<std::size_t>(a * states + b)] =
          -model.couplings[offset(i * residues + a, size, j * residues + b)];
    }
  }
  return block;
}

double coupling_norm(const PairBlock& block) {
  std::array<double, states> rows{};
  std::array<double, states> columns{};
  double total = 0;
  for (std::size_t a = 0; a < states; ++a) {
    for (std::size_t b = 0; b < states; ++b) {
      rows[a] += block[a * states + b] / states;
      columns[b] += block[a * states + b] / states;
      total += block[a * states + b] / (states * states);
    }
  }
  double sum = 0;
  for (std::size_t a = 0; a < residues; ++a) {
    for (std::size_t b = 0; b < residues; ++b) {
      const double value = block[a * states + b] - rows[a] - columns[b] + total;
      sum += value * value;
    }
  }
  return std::sqrt(sum);
}

PairMap standard_scores(PairMap norms) {
  subtract_average_products(norms);
  standardise(norms);
  return norms;
}

PairMap coupling_scores(const MeanField& model) {
  PairMap norms(model.columns);
  for (int i = 0; i < model.columns; ++i) {
    for (int j = i + 1; j < model.columns; ++j) {
      norms.at(i, j) = norms.at(j, i) = static_cast<float>(coupling_norm(block_at(model, i, j)));
    }
  }
  return standard_scores(std::move(norms));
}

}  // namespace foldstream::workflows::predict
