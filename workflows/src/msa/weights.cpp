#include "row_pairs.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/msa/msa.hpp>

#include <algorithm>
#include <array>
#include <atomic>

namespace foldstream::workflows::msa {
namespace {

constexpr std::size_t tile = 128;

using Counts = std::vector<std::atomic<std::uint32_t>>;

/// Adds the similar pairs of rows [i, i + tile) with rows [j, j + tile), j ≥ i, each pair once.
void count_tile(const RowPairs& pairs, std::size_t i, std::size_t j, Counts& counts) {
  const std::size_t i_end = std::min(pairs.rows(), i + tile);
  const std::size_t j_end = std::min(pairs.rows(), j + tile);
  std::array<std::uint8_t, tile> similar = {};
  std::array<std::uint32_t, tile> found = {};
  for (std::size_t a = i; a < i_end; ++a) {
    const std::size_t first = std::max(j, a + 1);
    if (first >= j_end) continue;
    const std::span<std::uint8_t> line(similar.data(), j_end - first);
    pairs.compare(a, first, line);
    std::uint32_t sum = 0;
    for (std::size_t k = 0; k < line.size(); ++k) {
      sum += line[k];
      found[first - j + k] += line[k];
    }
    counts[a].fetch_add(sum, std::memory_order_relaxed);
  }
  for (std::size_t b = j; b < j_end; ++b) {
    counts[b].fetch_add(found[b - j], std::memory_order_relaxed);
  }
}

}  // namespace

std::vector<float> sequence_weights(std::span<const std::uint8_t> tokens, std::size_t columns,
                                    double identity, const Context& context) {
  if (columns == 0 || tokens.size() % columns != 0) {
    throw Error(ErrorKind::InvalidArgument, "sequence weights: " + std::to_string(tokens.size()) +
                                                " tokens are no whole rows of " +
                                                std::to_string(columns) + " columns.");
  }
  const RowPairs pairs(tokens, columns, identity);
  Counts counts(pairs.rows());
  const std::size_t tiles = (pairs.rows() + tile - 1) / tile;
  std::atomic<std::size_t> done = 0;
  parallel_for(context, static_cast<int>(tiles), [&](int i) {
    const auto first = static_cast<std::size_t>(i);
    for (std::size_t j = first; j < tiles; ++j) {
      if (j % 16 == 0) context.check_cancelled();
      count_tile(pairs, first * tile, j * tile, counts);
    }
    context.report(static_cast<double>(++done) / static_cast<double>(tiles), "weighing rows");
  });
  std::vector<float> weights;
  for (const auto& count : counts) weights.push_back(1.0F / static_cast<float>(1 + count.load()));
  return weights;
}

}  // namespace foldstream::workflows::msa
