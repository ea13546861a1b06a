// The head of an .fsdb file, and the digest of a database's content.
#pragma once

#include <foldstream/workflows/search/database.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace foldstream::workflows::search {

/// The first 256 bytes of the file, in the order of the table in database.hpp.
struct ImageHead {
  std::array<char, 8> magic = {'F', 'S', 'T', 'R', 'M', 'D', 'B', '\0'};
  std::uint32_t version = 1;
  std::uint32_t byte_order = 0x01020304;
  std::uint64_t file_bytes = 0;
  std::uint64_t sequences = 0;
  std::uint64_t residues = 0;
  std::uint64_t text_bytes = 0;
  std::uint64_t longest = 0;
  std::uint64_t digest_high = 0;
  std::uint64_t digest_low = 0;
  std::array<std::uint64_t, 22> composition = {};
  std::uint64_t checksum = 0;

  /// XXH3-64 of the fields before `checksum`.
  std::uint64_t computed_checksum() const;
  /// Where the entries start: behind the residues, at a multiple of 8.
  std::uint64_t entries_at() const { return (sizeof(ImageHead) + residues + 7) / 8 * 8; }
  /// Where the text starts.
  std::uint64_t text_at() const { return entries_at() + 16 * (sequences + 1); }
  DatabaseInfo info(bool packed) const;
};
static_assert(sizeof(ImageHead) == 256);

/// Hashes headers and residues, each with its length, in the order of the database.
class ContentDigest {
 public:
  ContentDigest();
  ~ContentDigest();
  ContentDigest(const ContentDigest&) = delete;
  ContentDigest& operator=(const ContentDigest&) = delete;

  void add(std::string_view header, std::span<const std::uint8_t> tokens);
  Key key() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace foldstream::workflows::search
