#include "row_pairs.hpp"

#include <foldstream/io/sequence.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace foldstream::workflows::msa {
namespace {

constexpr std::size_t block = 32;
using Bytes = std::uint8_t __attribute__((vector_size(block)));

/// Agreeing columns of two rows of `width` bytes, a multiple of the block.
[[gnu::always_inline]] inline std::uint32_t agreements(const std::uint8_t* a, const std::uint8_t* b,
                                                       std::size_t width) {
  std::uint32_t total = 0;
  for (std::size_t start = 0; start < width;) {
    // a lane counts to 255 at most
    const std::size_t end = std::min(width, start + 255 * block);
    Bytes lanes = {};
    for (; start < end; start += block) {
      Bytes x, y;
      std::memcpy(&x, a + start, block);
      std::memcpy(&y, b + start, block);
      lanes -= reinterpret_cast<Bytes>(x == y);
    }
    for (std::size_t k = 0; k < block; ++k) total += lanes[k];
  }
  return total;
}

[[gnu::always_inline]] inline std::uint32_t common(const std::uint64_t* a, const std::uint64_t* b,
                                                   std::size_t words) {
  int count = 0;
  for (std::size_t w = 0; w < words; ++w) count += std::popcount(a[w] & b[w]);
  return static_cast<std::uint32_t>(count);
}

}  // namespace

RowPairs::RowPairs(std::span<const std::uint8_t> tokens, std::size_t columns, double identity)
    : rows_(columns > 0 ? tokens.size() / columns : 0),
      width_((columns + block - 1) / block * block),
      words_((columns + 63) / 64),
      left_(rows_ * width_, 254),
      right_(rows_ * width_, 255),
      mask_(rows_ * words_, 0),
      needed_(columns + 1, std::numeric_limits<std::uint32_t>::max()) {
  for (std::size_t r = 0; r < rows_; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      const std::uint8_t token = tokens[r * columns + c];
      if (token == io::gap_token) continue;
      left_[r * width_ + c] = right_[r * width_ + c] = token;
      mask_[r * words_ + c / 64] |= std::uint64_t{1} << (c % 64);
    }
  }
  // the small number keeps 0.8 × 5 = 4 from becoming 5
  for (std::size_t n = 1; n <= columns; ++n) {
    needed_[n] = static_cast<std::uint32_t>(std::ceil(identity * static_cast<double>(n) - 1e-9));
  }
}

std::size_t RowPairs::residues(std::size_t row) const { return shared(row, row); }

std::size_t RowPairs::shared(std::size_t a, std::size_t b) const {
  return common(&mask_[a * words_], &mask_[b * words_], words_);
}

// the same body compiled twice: GCC widens it to AVX2 in the first
#define FOLDSTREAM_COMPARE_ROWS                                                              \
  const std::uint8_t* a = &left_[row * width_];                                              \
  for (std::size_t k = 0; k < similar.size(); ++k) {                                         \
    const std::size_t other = first + k;                                                     \
    const std::uint32_t both = common(&mask_[row * words_], &mask_[other * words_], words_); \
    similar[k] = agreements(a, &right_[other * width_], width_) >= needed_[both];            \
  }

#if defined(__x86_64__)
[[gnu::target("avx2,popcnt")]] void RowPairs::compare_avx2(std::size_t row, std::size_t first,
                                                           std::span<std::uint8_t> similar) const {
  FOLDSTREAM_COMPARE_ROWS
}
#else
void RowPairs::compare_avx2(std::size_t row, std::size_t first,
                            std::span<std::uint8_t> similar) const {
  compare_any(row, first, similar);
}
#endif

void RowPairs::compare_any(std::size_t row, std::size_t first,
                           std::span<std::uint8_t> similar) const {
  FOLDSTREAM_COMPARE_ROWS
}

void RowPairs::compare(std::size_t row, std::size_t first, std::span<std::uint8_t> similar) const {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
  if (has_avx2) return compare_avx2(row, first, similar);
#endif
  compare_any(row, first, similar);
}

}  // namespace foldstream::workflows::msa
