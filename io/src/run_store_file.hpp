// File: a POSIX file of the run folder, read and written at offsets, with errors that name the cure.
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
  /// fdatasync.
  void sync();
  /// Takes the file for this process (flock). False if another one has it; true where the file
  /// system knows no such locks.
  bool lock();

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// fdatasync of a descriptor owned by somebody else. @throws Error{Io} naming `path`.
void sync_descriptor(int descriptor, const std::filesystem::path& path);

/// Makes sure that `bytes` more can be written behind the end of the file: by allocating them, or
/// where the file system cannot, by looking at its free space. @throws Error{Io} naming `path`.
void reserve_space(int descriptor, std::uint64_t bytes, const std::filesystem::path& path);

/// Gives back what `reserve_space` allocated behind the end of the file; never fails.
void release_reserve(const std::filesystem::path& path) noexcept;

/// Turns a descriptor into one of an anonymous file in memory, so that whoever owns it can finish
/// writing and close it without an error and without touching the disk. False if that failed.
bool detach_descriptor(int descriptor) noexcept;

/// Makes the entries of a folder durable. @throws Error{Io}
void sync_folder(const std::filesystem::path& folder);

}  // namespace foldstream::io
