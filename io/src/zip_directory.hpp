// The entries of a zip file, for those who read their bytes in place: libraries for zip hand out
// copies, and weights must stay where the file is mapped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace foldstream::io {

struct ZipEntry {
  bool is_deflated = false;       ///< else stored as it is
  std::uint64_t offset = 0;       ///< of its data in the file
  std::uint64_t bytes = 0;        ///< of its data in the file
  std::uint64_t size = 0;         ///< uncompressed
};

using ZipEntries = std::map<std::string, ZipEntry>;

/// By name (PKWARE APPNOTE 6.3, with zip64). Every entry lies inside the file. Checksums are not
/// looked at: that would read the whole file.
/// @param file  what errors call it
/// @throws Error{Parse} for a file that is cut short or contradicts itself, names something twice, or
///         unpacks to far more than weights can (a zip bomb); Error{Unsupported} for encryption and
///         methods other than stored and deflate.
ZipEntries read_zip_directory(std::span<const std::byte> bytes, const std::string& file);

/// The first `size` bytes of what is deflated. @throws Error{Parse} if there are not as many.
std::string inflate_entry(std::span<const std::byte> data, std::uint64_t size,
                          const std::string& file, const std::string& name);

}  // namespace foldstream::io
