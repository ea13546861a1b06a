// Msa: a multiple sequence alignment whose first row is the query.
#pragma once

#include <foldstream/codec.hpp>
#include <foldstream/io/sequence.hpp>

#include <string>
#include <vector>

namespace foldstream::io {

/// One row in A3M notation: upper case or '-' in the query's columns, lower case for insertions.
struct MsaRow {
  std::string name;
  std::string description;
  std::string a3m;

  friend bool operator==(const MsaRow&, const MsaRow&) = default;
};

/// Rows over the columns of the query, the query first, the others in search order.
struct Msa {
  std::vector<MsaRow> rows;
  /// Sequence weights at 80 % identity, one a row; empty until the msa stage has computed them.
  std::vector<float> weights;

  /// Columns = length of the query; 0 without rows.
  std::size_t columns() const;
  /// The effective number of sequences: the sum of the weights; 0 without weights.
  double neff() const;
  /// Tokens of the aligned columns, u8 [rows, columns] (see io::token_of); insertions are left out.
  Tensor tokens() const;

  friend bool operator==(const Msa&, const Msa&) = default;
};

/// The row without its insertions.
std::string aligned(const MsaRow& row);

}  // namespace foldstream::io

namespace foldstream {
template <>
struct Codec<io::Msa> {
  static constexpr std::string_view name = "msa";
  static Record encode(const io::Msa& msa);
  static io::Msa decode(const Record& record);
};
}  // namespace foldstream
