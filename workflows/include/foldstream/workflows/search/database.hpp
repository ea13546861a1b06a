// Sequence databases: a FASTA file packed into one memory-mapped `.fsdb` file, or held in memory.
#pragma once

#include <foldstream/context.hpp>
#include <foldstream/store.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

namespace foldstream::workflows::search {

// The `.fsdb` format, version 1. Integers are little-endian on the machines that write it; a file
// from a machine of the other byte order is refused by its mark.
//
//   offset  bytes  what
//        0      8  magic "FSTRMDB" and a zero byte
//        8      4  version, 1
//       12      4  byte-order mark 0x01020304
//       16      8  length of the whole file
//       24      8  number of sequences n
//       32      8  number of residues r
//       40      8  bytes of text t
//       48      8  length of the longest sequence
//       56     16  content digest, high then low word (see Database::digest)
//       72    176  counts of the tokens 0–21, 8 bytes each
//      248      8  XXH3-64 of the bytes before it
//      256      r  residues, one token (io::token_of, 0–20) a byte, sequence after sequence
//    256+r     pad  zero bytes up to a multiple of 8
//        …  16n+16  n+1 entries: start of the sequence's residues, start of its text, 8 bytes each;
//                   the last entry holds r and t
//        …      t  headers without '>', one after the other

/// What a database holds.
struct DatabaseInfo {
  std::uint64_t sequences = 0;
  std::uint64_t residues = 0;
  std::uint64_t longest = 0;                       ///< residues of the longest sequence
  std::uint64_t bytes = 0;                         ///< of the packed file, or in memory
  std::array<std::uint64_t, 22> composition = {};  ///< count of each token
  Key digest;
  bool packed = false;  ///< whether it is a memory-mapped .fsdb

  friend bool operator==(const DatabaseInfo&, const DatabaseInfo&) = default;
};

struct BuildReport {
  DatabaseInfo info;
  std::uint64_t skipped = 0;  ///< records without residues, left out
  double seconds = 0;         ///< wall time
};

/// Packs `fasta` (plain or .gz) into the database file `out`, in bounded memory.
///
/// The file appears under its name only when it is complete and on disk. Names may repeat. Letters
/// that are no residue become X; gaps and '*' are dropped. A database that looks like nucleotides
/// (over 95 % A, C, G, T, N) is built with a warning.
/// @throws foldstream::Error{NotFound, Io, Parse} naming the file; nothing of `out` is left or
/// changed.
BuildReport build_database(const std::filesystem::path& fasta, const std::filesystem::path& out,
                           const Context& context);

/// A read-only set of protein sequences. Copies are cheap and share the bytes.
///
/// Thread-safe: any number of threads may read.
class Database {
 public:
  /// Opens an `.fsdb` (memory-mapped; recognised by content, not by name) or reads a FASTA file
  /// (plain or .gz) into memory, up to `memory_limit` bytes.
  ///
  /// @throws foldstream::Error{NotFound}  if there is no such file
  /// @throws foldstream::Error{Io}        if an .fsdb has not the length it should have
  /// @throws foldstream::Error{Parse}     if it is damaged or from another version or machine
  /// @throws foldstream::Error{Resources} if a FASTA needs more memory than `memory_limit`
  static Database open(const std::filesystem::path& path, const Context& context = {},
                       std::uint64_t memory_limit = 256ULL << 20);

  std::uint64_t size() const noexcept { return info_.sequences; }
  std::uint64_t residues() const noexcept { return info_.residues; }
  const DatabaseInfo& info() const noexcept { return info_; }
  /// 128 bits over all headers and residues in order: the same for a FASTA and the .fsdb made of
  /// it.
  const Key& digest() const noexcept { return info_.digest; }

  /// Tokens (0–20) of sequence `index`; valid as long as any copy of this database.
  /// @throws foldstream::Error{InvalidArgument} beyond the end, {Parse} if the index is damaged.
  std::span<const std::uint8_t> sequence(std::uint64_t index) const;
  /// The first word of its header, and the rest.
  std::string_view name(std::uint64_t index) const;
  std::string_view description(std::uint64_t index) const;
  /// Sum of the lengths of the sequences before `index`; `index` may be size().
  std::uint64_t residues_before(std::uint64_t index) const;

  /// Reads everything and compares the digest. @throws foldstream::Error{Parse} if it differs.
  void verify(const Context& context) const;

 private:
  struct Entry {
    std::uint64_t residue = 0;
    std::uint64_t text = 0;
  };
  friend class ImageReader;
  friend class MemoryBuilder;
  Database() = default;
  std::string_view header(std::uint64_t index) const;

  std::shared_ptr<const void> owner_;  // the mapping or the vectors
  std::span<const std::uint8_t> residues_;
  std::span<const Entry> entries_;
  std::string_view text_;
  DatabaseInfo info_;
  std::string path_;
};

}  // namespace foldstream::workflows::search
