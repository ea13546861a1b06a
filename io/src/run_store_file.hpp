// File: a POSIX file of the run folder, read and written at offsets, with errors that name the
// cure.
#pragma once

#include <foldstream/error.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace foldstream::io {

/// Error{Io} "<path>: cannot <what>: <reason of errno>. <cure>".
Error file_error(const std::filesystem::path& path, const std::string& what, int reason);

/// What helps against an errno of writing: "Free space and run again: finished work is kept."
std::string cure_for(int reason);

/// An open file. Movable; reading is thread-safe, writing is the caller's to order.
class File {
 public:
  File() = default;
  /// @param flags as of open(2); O_CLOEXEC is added. @throws Error{Io}
  File(std::filesystem::path path, int flags);
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  const std::filesystem::path& path() const { return path_; }
  bool is_open() const { return descriptor_ >= 0; }
  std::uint64_t size() const;
  /// Reads up to `into.size()` bytes; fewer only at the end of the file. @throws Error{Io}
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  void truncate(std::uint64_t size);
  /// As `write` and `truncate`, but return 0 or the errno.
  int try_write(std::uint64_t offset, std::span<const std::byte> bytes) noexcept;
  int try_truncate(std::uint64_t size) noexcept;
  /// As `try_write` of `parts`, one after the other, in few calls.
  int try_write_all(std::uint64_t offset,
                    std::span<const std::span<const std::byte>> parts) noexcept;
  /// Makes sure that `bytes` more can be written behind the end: by allocating them, or where the
  /// file system cannot, by looking at its free space. @throws Error{Io}
  void reserve(std::uint64_t bytes);
  /// Gives back what `reserve` allocated and nobody used; never fails.
  void release_reserve() noexcept;
  /// fdatasync.
  void sync();
  /// Takes the file for this process (flock). False if another one has it; true where the file
  /// system knows no such locks.
  bool lock();

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// Makes the entries of a folder durable. @throws Error{Io}
void sync_folder(const std::filesystem::path& folder);

}  // namespace foldstream::io
