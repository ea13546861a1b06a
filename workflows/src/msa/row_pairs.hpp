// Comparing the rows of an alignment pair by pair, 32 columns at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace foldstream::workflows::msa {

/// Rows packed for comparison. Thread-safe once built.
class RowPairs {
 public:
  /// `tokens` [rows, columns]; gaps (io::gap_token) never agree.
  /// @param identity  the part of the columns shared by two rows in which similar rows agree.
  RowPairs(std::span<const std::uint8_t> tokens, std::size_t columns, double identity);

  std::size_t rows() const { return rows_; }
  /// Columns in which the row has a residue.
  std::size_t residues(std::size_t row) const;
  /// Columns in which both rows have a residue.
  std::size_t shared(std::size_t a, std::size_t b) const;

  /// Writes to similar[k] whether rows `row` and first + k agree well enough.
  void compare(std::size_t row, std::size_t first, std::span<std::uint8_t> similar) const;

 private:
  template <class Block>
  void compare_with(std::size_t row, std::size_t first, std::span<std::uint8_t> similar) const;
  void compare_avx2(std::size_t row, std::size_t first, std::span<std::uint8_t> similar) const;
  void compare_any(std::size_t row, std::size_t first, std::span<std::uint8_t> similar) const;

  std::size_t rows_ = 0;
  std::size_t width_ = 0;              // columns, filled up to whole blocks
  std::size_t words_ = 0;              // 64-bit words of a mask
  std::vector<std::uint8_t> left_;     // [rows, width], gaps as 254
  std::vector<std::uint8_t> right_;    // [rows, width], gaps as 255: never equal to 254
  std::vector<std::uint64_t> mask_;    // [rows, words], a bit for each residue
  std::vector<std::uint32_t> needed_;  // agreements needed for each number of shared columns
};

}  // namespace foldstream::workflows::msa
