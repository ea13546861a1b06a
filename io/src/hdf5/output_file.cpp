#include "output_file.hpp"

#include <fcntl.h>

#include <algorithm>

namespace foldstream::io::hdf5 {

OutputFile::OutputFile(const std::filesystem::path& path, std::uint64_t alignment) {
  disk_.file = File(path, O_RDWR | O_CREAT | O_EXCL);
  try {
    const Lock lock;
    makings_ = makings();
    driver_ = make_driver();
    file_ = create_file(disk_, driver_, alignment);
    flush();
  } catch (...) {
    abandon();
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    throw;
  }
}

void OutputFile::check_written() const {
  if (disk_.reason != 0) throw file_error(path(), "write", disk_.reason);
}

void OutputFile::reserve(std::uint64_t bytes) {
  constexpr std::uint64_t ahead = 1 << 20;  // so that few small tasks need a call
  if (disk_.end + bytes <= disk_.reserved) return;
  const std::uint64_t behind_end =
      disk_.end + bytes - std::min(disk_.end + bytes, disk_.file.size());
  try {
    disk_.file.reserve(behind_end + ahead);
    disk_.reserved = disk_.end + bytes + ahead;
  } catch (const Error&) {
    disk_.file.reserve(behind_end);
    disk_.reserved = disk_.end + bytes;
  }
}

void OutputFile::flush() {
  {
    const Lock lock;
    io::hdf5::flush(file_, path().string());
  }
  check_written();
}

void OutputFile::sync() {
  flush();
  sync_bytes();
}

std::uint64_t OutputFile::place_chunk(const Handle& dataset, const Shape& at, std::size_t bytes,
                                      std::string_view name) {
  disk_.place = HADDR_UNDEF;
  write_chunk(dataset, at, placeholder(), bytes, name);
  if (disk_.place != HADDR_UNDEF) return disk_.place;
  throw Error(ErrorKind::Internal,
              path().string() + ": HDF5 gave a chunk of '" + std::string(name) + "' no place");
}

void OutputFile::write(std::uint64_t offset, std::span<const std::span<const std::byte>> parts) {
  std::uint64_t end = offset;
  for (const auto& part : parts) end += part.size();
  if (const int reason = disk_.file.try_write_all(offset, parts)) {
    throw file_error(path(), "write", reason);
  }
  disk_.raw_end = std::max(disk_.raw_end, end);
}

void OutputFile::close() {
  try {
    flush();
    sync_bytes();
    const Lock lock;
    io::hdf5::close(file_, path().string());
    check_written();
  } catch (...) {
    abandon();
    throw;
  }
  disk_.file.release_reserve();
}

void OutputFile::abandon() noexcept {
  const Lock lock;
  disk_.is_detached = true;
  file_.release();
  driver_.release();
  makings_.reset();
  disk_.patches.clear();
  disk_.file.release_reserve();
}

}  // namespace foldstream::io::hdf5
