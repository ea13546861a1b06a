#include "run_store_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace foldstream::io {

std::string cure_for(int reason) {
  switch (reason) {
    case ENOSPC:
      return "Free space and run again: finished work is kept.";
    case EDQUOT:
      return "The quota is used up: free space of yours and run again: finished work is kept.";
    case EROFS:
    case EACCES:
    case EPERM:
      return "Choose a folder that you may write to, or change its permissions.";
    case EFBIG:
      return "Raise the limit on file sizes (ulimit -f) and run again.";
    default:
      return "Check the file system and run again: finished work is kept.";
  }
}

Error file_error(const std::filesystem::path& path, const std::string& what, int reason) {
  return Error(ErrorKind::Io, path.string() + ": cannot " + what + ": " +
                                  std::generic_category().message(reason) + ". " +
                                  cure_for(reason));
}

File::File(std::filesystem::path path, int flags) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), flags | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw file_error(path_, "open the file", errno);
}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::uint64_t File::size() const {
  struct stat status = {};
  if (::fstat(descriptor_, &status) != 0) throw file_error(path_, "read the size", errno);
  return static_cast<std::uint64_t>(status.st_size);
}

std::size_t File::read(std::uint64_t offset, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = ::pread(descriptor_, into.data() + done, into.size() - done,
                                static_cast<off_t>(offset + done));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw file_error(path_, "read", errno);
    done += static_cast<std::size_t>(got);
  }
  return done;
}

int File::try_write(std::uint64_t offset, std::span<const std::byte> bytes) noexcept {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done,
                                 static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return put < 0 ? errno : EIO;
    done += static_cast<std::size_t>(put);
  }
  return 0;
}

int File::try_write_all(std::uint64_t offset,
                        std::span<const std::span<const std::byte>> parts) noexcept {
  std::array<iovec, 256> list;
  while (!parts.empty()) {
    const std::size_t count = std::min(parts.size(), list.size());
    for (std::size_t i = 0; i < count; ++i) {
      list[i] = {const_cast<std::byte*>(parts[i].data()), parts[i].size()};
    }
    ssize_t put = -1;
    do {
      put =
          ::pwritev(descriptor_, list.data(), static_cast<int>(count), static_cast<off_t>(offset));
    } while (put < 0 && errno == EINTR);
    if (put < 0) return errno;
    auto done = static_cast<std::size_t>(put);
    for (offset += done; !parts.empty() && done >= parts[0].size(); parts = parts.subspan(1)) {
      done -= parts[0].size();
    }
    if (put == 0 && !parts.empty()) return EIO;
    if (done == 0) continue;  // ended with a whole part
    if (const int reason = try_write(offset, parts[0].subspan(done))) return reason;
    offset += parts[0].size() - done;
    parts = parts.subspan(1);
  }
  return 0;
}

int File::try_truncate(std::uint64_t size) noexcept {
  return ::ftruncate(descriptor_, static_cast<off_t>(size)) != 0 ? errno : 0;
}

void File::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (const int reason = try_write(offset, bytes)) throw file_error(path_, "write", reason);
}

void File::truncate(std::uint64_t size) {
  if (const int reason = try_truncate(size)) throw file_error(path_, "cut the torn end", reason);
}

void File::sync() {
  if (::fdatasync(descriptor_) != 0) throw file_error(path_, "make the data durable", errno);
}

void File::reserve(std::uint64_t bytes) {
  const std::string what = "get " + std::to_string(bytes) + " more bytes";
#ifdef FALLOC_FL_KEEP_SIZE
  const auto end = static_cast<off_t>(size());
  int done = -1;
  do {
    done = ::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, end, static_cast<off_t>(bytes));
  } while (done != 0 && errno == EINTR);
  if (done == 0) return;
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) throw file_error(path_, what, errno);
#endif
  struct statvfs system = {};
  if (::fstatvfs(descriptor_, &system) != 0) return;  // then the writes themselves will tell
  if (system.f_bavail * system.f_frsize < bytes) throw file_error(path_, what, ENOSPC);
}

void File::release_reserve() noexcept {
  struct stat status = {};
  if (is_open() && ::fstat(descriptor_, &status) == 0) {
    try_truncate(static_cast<std::uint64_t>(status.st_size));
  }
}

bool File::lock() { return ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK; }

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw file_error(folder, "open the folder", errno);
  const int failed = ::fsync(descriptor) != 0 ? errno : 0;
  ::close(descriptor);
  if (failed != 0 && failed != EINVAL) throw file_error(folder, "make the folder durable", failed);
}

}  // namespace foldstream::io
