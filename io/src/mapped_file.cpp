#include "mapped_file.hpp"

#include <foldstream/error.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace foldstream::io {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, int code) {
  throw Error(code == ENOENT ? ErrorKind::NotFound : ErrorKind::Io,
              path.string() + ": cannot be read: " + std::strerror(code) + ".");
}

/// Closes a descriptor: the mapping does not need it.
class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& path)
      : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (file_ < 0) fail(path, errno);
  }
  ~Descriptor() { ::close(file_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return file_; }

 private:
  int file_;
};

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  const Descriptor file(path);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) fail(path, errno);
  if (S_ISDIR(facts.st_mode)) fail(path, EISDIR);
  size_ = static_cast<std::size_t>(facts.st_size);
  if (size_ == 0) return;
  void* start = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.get(), 0);
  if (start == MAP_FAILED) fail(path, errno);
  start_ = std::shared_ptr<std::byte[]>(static_cast<std::byte*>(start),
                                        [size = size_](std::byte* bytes) { ::munmap(bytes, size); });
}

}  // namespace foldstream::io
