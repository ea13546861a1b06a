// The msa stage: which rows of an alignment to keep, and how much each of them counts.
#pragma once

#include <foldstream/context.hpp>
#include <foldstream/io/msa.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace foldstream::workflows::msa {

/// Which rows to keep. The query (first row) is always kept, the others in their order.
struct MsaOptions {
  double min_coverage = 0.5;      ///< part of the query's columns with a residue, 0–1
  double max_row_gaps = 0.5;      ///< part of gaps between a row's first and last residue, 0–1
  double min_query_identity = 0;  ///< identity to the query over its residues, 0–1
  double max_identity = 1;  ///< a row this similar or more to a row before it is dropped; 1 = off
  double weight_identity = 0.8;  ///< rows this similar share their weight, above 0, up to 1
  int max_rows = 20'000;         ///< depth in search order, after the filters; ≥ 1
};

/// What happened to the rows: those that came in less those removed are those kept.
struct MsaReport {
  std::int64_t rows_in = 0;
  std::int64_t removed_by_coverage = 0;
  std::int64_t removed_by_gaps = 0;
  std::int64_t removed_by_query_identity = 0;
  std::int64_t removed_by_depth = 0;
  std::int64_t removed_by_identity = 0;
  std::int64_t rows_out = 0;
  double neff = 0;  ///< effective number of sequences: sum of the weights

  friend bool operator==(const MsaReport&, const MsaReport&) = default;
};

struct PreparedMsa {
  io::Msa msa;  ///< with weights
  MsaReport report;

  friend bool operator==(const PreparedMsa&, const PreparedMsa&) = default;
};

/// Filters an alignment, then weighs its rows.
///
/// Filters come in the order of MsaReport. `max_identity` drops a row that agrees so well with a
/// row kept before it, over the columns where both have residues, if these are at least 80 % of its
/// own: a fragment may be redundant to a full row, not the other way. Time: quadratic in the rows
/// kept (36,000 rows of 90 columns: seconds). The same for any number of threads.
/// @throws foldstream::Error{InvalidArgument} without rows, with rows of different length or
/// foreign
///         characters, or for options out of range; {Cancelled}.
PreparedMsa prepare(const io::Msa& msa, const MsaOptions& options, const Context& context);

/// Weights of rows [rows, columns] of tokens (io::token_of): 1 over the number of rows, itself
/// included, that agree in at least `identity` of the columns where both have a residue (0–20; an
/// unknown residue agrees with another). Rows without common columns do not count.
/// @throws foldstream::Error{InvalidArgument} if `tokens` does not hold whole rows; {Cancelled}.
std::vector<float> sequence_weights(std::span<const std::uint8_t> tokens, std::size_t columns,
                                    double identity, const Context& context);

}  // namespace foldstream::workflows::msa
