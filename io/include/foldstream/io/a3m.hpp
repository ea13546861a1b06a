// A3M: alignments whose first row is the query; lower case marks insertions.
#pragma once

#include <foldstream/io/msa.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace foldstream::io {

/// Reads an alignment from a plain, gzip or zstd file (told by its first bytes).
/// @throws Error{NotFound, Io, Parse}; what is wrong in the text is named as by `parse_a3m`.
Msa read_a3m(const std::filesystem::path& path);

/// The alignment in `text`; `file` is its name in messages.
///
/// Rows may be wrapped over lines. Dropped: '.', comment lines ('#') before the first row, the rows
/// of secondary structure that HH-suite writes (ss_pred, ss_conf, ss_dssp, sa_dssp), and NUL bytes
/// at the ends of lines (MMseqs2 writes one after each entry).
/// @throws Error{Parse} with file:line:column if there is no row, a character is no residue letter
///         or gap, the first row has gaps or insertions, or a row differs from it in length.
Msa parse_a3m(std::string_view text, const std::string& file);

/// The alignment as A3M, each row on one line.
std::string format_a3m(const Msa& msa);

/// Writes it atomically. @throws Error{Io}.
void write_a3m(const std::filesystem::path& path, const Msa& msa);

/// @throws Error{InvalidArgument} naming `file` and the first column where the first row of `msa`
///         is not `query`.
void check_query(const Msa& msa, const Sequence& query, const std::string& file);

}  // namespace foldstream::io
