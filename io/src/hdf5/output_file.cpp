#include "output_file.hpp"

#include "../run_store_file.hpp"

#include <fcntl.h>

namespace foldstream::io::hdf5 {

namespace {

Handle create_file(const std::filesystem::path& path) {
  const Lock lock;
  File file(path, O_RDWR | O_CREAT | O_EXCL);
  try {
    file.write(0, empty_file());
    return open_file(path.string(), Access::Write);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    throw;
  }
}

}  // namespace

OutputFile::OutputFile(std::filesystem::path path)
    : path_(std::move(path)), file_(create_file(path_)) {}

void OutputFile::reserve(std::uint64_t bytes) {
  const Lock lock;
  reserve_space(descriptor(file_, path_.string()), bytes, path_);
}

void OutputFile::sync() {
  int file = -1;
  {
    const Lock lock;
    flush(file_, path_.string());
    file = descriptor(file_, path_.string());
  }
  sync_descriptor(file, path_);
}

void OutputFile::close() {
  try {
    sync();
    const Lock lock;
    io::hdf5::close(file_, path_.string());
  } catch (...) {
    abandon();
    throw;
  }
  release_reserve(path_);
}

void OutputFile::abandon() noexcept {
  if (!file_) return;
  const Lock lock;
  // HDF5 keeps a file that it cannot flush open, and fails on it again when the process ends: let it
  // write the rest to memory instead
  try {
    detach_descriptor(descriptor(file_, path_.string()));
  } catch (const Error&) {
    // no descriptor: closing is all that is left
  }
  file_.release();
  release_reserve(path_);
}

}  // namespace foldstream::io::hdf5
