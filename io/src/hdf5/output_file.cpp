#include "output_file.hpp"

#include <fcntl.h>

namespace foldstream::io::hdf5 {

OutputFile::OutputFile(const std::filesystem::path& path) {
  disk_.file = File(path, O_RDWR | O_CREAT | O_EXCL);
  try {
    const Lock lock;
    driver_ = make_driver();
    file_ = create_file(disk_, driver_);
    sync();
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

void OutputFile::sync() {
  {
    const Lock lock;
    flush(file_, path().string());
  }
  check_written();
  disk_.file.sync();
}

void OutputFile::close() {
  try {
    sync();
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
  disk_.patches.clear();
  disk_.file.release_reserve();
}

}  // namespace foldstream::io::hdf5
