// FASTA: reading sequences record by record, so that one bad record loses nothing else.
#pragma once

#include <foldstream/error.hpp>
#include <foldstream/io/sequence.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace foldstream::io {

/// How strictly to read.
struct FastaOptions {
  /// For search databases: '-' and '.' are dropped, so is '*' at the end; what is no letter becomes
  /// X; duplicate names are kept; records without residues or name, or too long, are skipped.
  bool lenient = false;
  bool complexes = false;  ///< ':' ends a chain of a complex; otherwise it is refused
  std::size_t max_length = 100'000;  ///< residues; a longer record is refused
};

/// A record that cannot be used.
struct FastaRefusal {
  std::string name;     ///< of the record; "record_3" for a third record without a name
  Place place;          ///< where the reason was found
  std::string message;  ///< "query.fasta:3:17: expected a residue letter, found '7'. …"

  friend bool operator==(const FastaRefusal& a, const FastaRefusal& b) {
    return a.name == b.name && a.message == b.message;
  }
};

using FastaRecord = std::variant<Sequence, FastaRefusal>;

/// Reads records one after the other from a plain, gzip or zstd file (told by its first bytes).
/// Accepts CRLF, lower case (raised), blank lines, blanks inside lines and a missing final newline.
/// Memory: a few MiB and one record, whatever the file; strict reading also keeps all names.
/// One thread at a time; the file is open as long as the reader lives.
class FastaReader {
 public:
  /// @throws Error{NotFound, Io} if the file cannot be opened.
  explicit FastaReader(const std::filesystem::path& path, FastaOptions options = {});
  FastaReader(FastaReader&&) noexcept;
  FastaReader& operator=(FastaReader&&) noexcept;
  ~FastaReader();

  /// The next record, good or refused; nothing at the end. Lenient reading never gives a refusal.
  ///
  /// A strict reader refuses: no residues; a character that is no residue letter, '-', '*' and ':'
  /// (complexes) included; the name of an earlier record; more residues than `max_length`; a header
  /// without a name, of more than 65,536 bytes, or not in UTF-8.
  /// @throws Error{Parse} if the file holds no records, does not begin with '>', or its compressed
  ///         data is damaged; Error{Io} if it cannot be read.
  std::optional<FastaRecord> next();

  /// How many records lenient reading has skipped so far.
  std::size_t skipped() const noexcept;

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

/// All records of a file, in order. @throws as FastaReader.
std::vector<FastaRecord> read_fasta(const std::filesystem::path& path, FastaOptions options = {});

/// FASTA with 80 residues a line. Line feeds in names and descriptions become blanks.
std::string format_fasta(std::span<const Sequence> sequences);

/// Writes it atomically. @throws Error{Io}.
void write_fasta(const std::filesystem::path& path, std::span<const Sequence> sequences);

}  // namespace foldstream::io
