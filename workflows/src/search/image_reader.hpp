// Ways to a Database: mapping an .fsdb file, or reading a FASTA into memory.
#pragma once

#include <foldstream/workflows/search/database.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>

namespace foldstream::workflows::search {

/// Whether the file starts with the magic of an .fsdb.
bool is_image(const std::filesystem::path& path);

/// Maps an .fsdb file and checks its head.
class ImageReader {
 public:
  /// @throws foldstream::Error{Io, Parse} as Database::open says.
  explicit ImageReader(const std::filesystem::path& path);
  Database database() const { return database_; }

 private:
  Database database_;
};

/// @throws foldstream::Error{Resources} if it needs more than `memory_limit` bytes.
Database read_fasta_database(const std::filesystem::path& path, std::uint64_t memory_limit,
                             const Context& context);

}  // namespace foldstream::workflows::search
