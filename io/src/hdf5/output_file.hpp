// OutputFile: a new HDF5 file with one writer, which a full disk cannot make us crash on.
#pragma once

#include "driver.hpp"

#include <filesystem>

namespace foldstream::io::hdf5 {

/// Owns an HDF5 file opened for writing. Every call, the destructor included, takes the Lock.
class OutputFile {
 public:
  /// Makes the file, which must not exist. @throws Error{Io}; then there is none.
  explicit OutputFile(const std::filesystem::path& path);
  ~OutputFile() { abandon(); }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::filesystem::path& path() const { return disk_.file.path(); }
  const Handle& handle() const { return file_; }

  /// Makes sure of room for `bytes` more, what HDF5 has not written yet included. @throws Error{Io}
  void reserve(std::uint64_t bytes);
  /// @throws Error{Io} if something written to `handle` did not reach the file. To be called now
  /// and then: what is written after a failure is kept in memory.
  void check_written() const;
  /// H5Fflush: the structure is with the operating system afterwards. @throws Error{Io}
  void flush();
  /// fdatasync. Thread-safe, needs no Lock, and may run while others write. @throws Error{Io}
  void sync_bytes() { disk_.file.sync(); }
  /// Flushes, syncs and closes. @throws Error{Io}; then the file is abandoned.
  void close();
  /// Closes without writing anything more to the disk. What was synced stays as it was, though the
  /// HDF5 structure of what came later may be torn.
  void abandon() noexcept;

 private:
  Disk disk_;
  std::shared_ptr<Makings> makings_;
  Handle driver_;
  Handle file_;
};

}  // namespace foldstream::io::hdf5
