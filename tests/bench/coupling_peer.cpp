#include "coupling_peer.hpp"

#include <foldstream/io/sequence.hpp>
#include <foldstream/workflows/msa/msa.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>

namespace foldstream::bench {
namespace {

constexpr std::size_t residues = 20;
constexpr double identity = 0.8;

struct Columns {
  std::size_t rows = 0;
  std::size_t count = 0;
  std::vector<std::uint8_t> states;  // [columns, rows]
  std::vector<float> weights;
};

Columns columns_of(const io::Msa& msa, const Context& context) {
  const Tensor tokens = msa.tokens();
  const auto values = tokens.values<std::uint8_t>();
  Columns columns{msa.rows.size(), msa.columns(), {}, {}};
  columns.weights = workflows::msa::sequence_weights(values, columns.count, identity, context);
  columns.states.resize(values.size());
  for (std::size_t n = 0; n < columns.rows; ++n) {
    for (std::size_t i = 0; i < columns.count; ++i) {
      columns.states[i * columns.rows + n] =
          std::min(values[n * columns.count + i], std::uint8_t{residues});
    }
  }
  return columns;
}

// A fragment tells more of where domains end than of contacts.
void leave_out_fragments(Columns& columns) {
  std::vector<std::size_t> filled(columns.rows, 0);
  for (std::size_t k = 0; k < columns.states.size(); ++k)
    filled[k % columns.rows] += columns.states[k] < residues ? 1 : 0;
  for (std::size_t n = 0; n < columns.rows; ++n)
    if (2 * filled[n] < columns.count) columns.weights[n] = 0;
}

// Over the rows that have a residue in both columns, times their weight: few rows give much
// information by chance.
double information(const Columns& columns, std::size_t i, std::size_t j) {
  const std::uint8_t* a = &columns.states[i * columns.rows];
  const std::uint8_t* b = &columns.states[j * columns.rows];
  std::array<double, residues * residues> joint{};
  for (std::size_t n = 0; n < columns.rows; ++n) {
    if (a[n] < residues && b[n] < residues) joint[a[n] * residues + b[n]] += columns.weights[n];
  }
  std::array<double, residues> first{}, second{};
  for (std::size_t k = 0; k < joint.size(); ++k) {
    first[k / residues] += joint[k];
    second[k % residues] += joint[k];
  }
  const double all = std::accumulate(first.begin(), first.end(), 0.0);
  double sum = 0;
  for (std::size_t k = 0; k < joint.size(); ++k) {
    if (joint[k] > 0)
      sum += joint[k] * std::log(joint[k] * all / (first[k / residues] * second[k % residues]));
  }
  return sum;
}

void subtract_average_product(std::vector<float>& scores, std::size_t length) {
  std::vector<double> means(length, 0);
  for (std::size_t k = 0; k < scores.size(); ++k)
    means[k / length] += scores[k] / static_cast<double>(length - 1);
  const double mean =
      std::accumulate(means.begin(), means.end(), 0.0) / static_cast<double>(length);
  if (!(mean > 0)) return;
  for (std::size_t k = 0; k < scores.size(); ++k)
    scores[k] -= static_cast<float>(means[k / length] * means[k % length] / mean);
}

}  // namespace

std::vector<float> mutual_information(const io::Msa& msa, const Context& context) {
  Columns columns = columns_of(msa, context);
  leave_out_fragments(columns);
  const std::size_t length = columns.count;
  std::vector<float> scores(length * length, 0);
  parallel_for(context, static_cast<int>(length), [&](int row) {
    const auto i = static_cast<std::size_t>(row);
    for (std::size_t j = i + 1; j < length; ++j) {
      const auto value = static_cast<float>(information(columns, i, j));
      scores[i * length + j] = value;
      scores[j * length + i] = value;
    }
  });
  subtract_average_product(scores, length);
  return scores;
}

}  // namespace foldstream::bench
