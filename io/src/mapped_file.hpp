// MappedFile: a file as bytes in memory that are read when they are looked at.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace foldstream::io {

/// Read-only, shared with all processes that map the file. The mapping lives as long as a copy.
class MappedFile {
 public:
  /// @throws Error{NotFound, Io} naming the path.
  explicit MappedFile(const std::filesystem::path& path);

  std::span<const std::byte> bytes() const noexcept { return {start_.get(), size_}; }
  /// The bytes from `offset` on, as an owner that keeps the mapping.
  std::shared_ptr<std::byte[]> from(std::size_t offset) const {
    return {start_, start_.get() + offset};
  }

 private:
  std::shared_ptr<std::byte[]> start_;
  std::size_t size_ = 0;
};

}  // namespace foldstream::io
