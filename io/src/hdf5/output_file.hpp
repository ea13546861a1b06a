// OutputFile: a new HDF5 file with one writer, which a full disk cannot make us crash on.
#pragma once

#include "calls.hpp"

#include <filesystem>

namespace foldstream::io::hdf5 {

/// Owns an HDF5 file opened for writing. Every call, the destructor included, takes the Lock.
class OutputFile {
 public:
  /// Makes the file, which must not exist. @throws Error{Io}
  explicit OutputFile(std::filesystem::path path);
  ~OutputFile() { abandon(); }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const Handle& handle() const { return file_; }

  /// Makes sure of room for `bytes` more. @throws Error{Io}
  void reserve(std::uint64_t bytes);
  /// H5Fflush + fdatasync.
  void sync();
  /// Syncs and closes. @throws Error{Io}; then the file is abandoned.
  void close();
  /// Closes without writing anything more to the disk. What was synced stays as it was, though the
  /// HDF5 structure of what came later may be torn.
  void abandon() noexcept;

 private:
  std::filesystem::path path_;
  Handle file_;
};

}  // namespace foldstream::io::hdf5
