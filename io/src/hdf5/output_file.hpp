// OutputFile: a new HDF5 file with one writer, which a full disk cannot make us crash on.
#pragma once

#include "driver.hpp"

#include <filesystem>

namespace foldstream::io::hdf5 {

/// Owns an HDF5 file opened for writing. Every call, the destructor included, takes the Lock.
class OutputFile {
 public:
  /// Makes the file, which must not exist. @throws Error{Io}; then there is none.
  /// @param alignment  chunks of 512 KiB or more begin at multiples of it, bytes
  explicit OutputFile(const std::filesystem::path& path, std::uint64_t alignment = 1);
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
  /// `flush` and `sync_bytes`.
  void sync();

  /// Gives the chunk at `at` of `dataset`, of `bytes` bytes, a place in the file, and leaves it to
  /// the caller to write it there with `write`. Hold the Lock. @returns its offset.
  std::uint64_t place_chunk(const Handle& dataset, const Shape& at, std::size_t bytes,
                            std::string_view name);
  /// Writes `parts` one after the other from `offset` on, past HDF5 and without the Lock. Not while
  /// another thread is in this file. @throws Error{Io}
  void write(std::uint64_t offset, std::span<const std::span<const std::byte>> parts);
  std::uint64_t size() const { return disk_.file.size(); }
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
