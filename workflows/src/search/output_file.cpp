#include "output_file.hpp"

#include <foldstream/error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace foldstream::workflows::search {
namespace {
constexpr std::size_t buffer_bytes = 1 << 20;
}

OutputFile::OutputFile(std::filesystem::path path) : path_(std::move(path)) {
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file_ < 0) fail("cannot create the file");
  buffer_.reserve(buffer_bytes);
}

OutputFile::~OutputFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(path_.c_str());
}

void OutputFile::fail(const char* action) const {
  const int reason = errno;
  throw Error(ErrorKind::Io, path_.string() + ": " + action + ": " + std::strerror(reason) +
                                 (reason == ENOSPC || reason == EDQUOT
                                      ? ". Free some space, or write to another disk."
                                      : ". Check that the folder exists and can be written."));
}

void OutputFile::write_at(const char* data, std::size_t bytes, std::uint64_t offset) {
  while (bytes > 0) {
    const ssize_t done = ::pwrite(file_, data, bytes, static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) fail("cannot write");
    data += done;
    bytes -= static_cast<std::size_t>(done);
    offset += static_cast<std::uint64_t>(done);
  }
}

void OutputFile::flush() {
  write_at(buffer_.data(), buffer_.size(), written_);
  written_ += buffer_.size();
  buffer_.clear();
}

void OutputFile::write(const void* data, std::size_t bytes) {
  if (bytes == 0) return;
  const auto* first = static_cast<const char*>(data);
  buffer_.insert(buffer_.end(), first, first + bytes);
  if (buffer_.size() >= buffer_bytes) flush();
}

void OutputFile::append(OutputFile& other) {
  other.flush();
  std::vector<char> piece(buffer_bytes);
  for (std::uint64_t offset = 0; offset < other.written_;) {
    const ssize_t done =
        ::pread(other.file_, piece.data(), piece.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) other.fail("cannot read back");
    write(piece.data(), static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
}

void OutputFile::overwrite_start(const void* data, std::size_t bytes) {
  flush();
  write_at(static_cast<const char*>(data), bytes, 0);
}

void OutputFile::rename_to(const std::filesystem::path& final_path) {
  flush();
  if (::fsync(file_) != 0) fail("cannot make the file durable");
  if (::rename(path_.c_str(), final_path.c_str()) != 0) fail("cannot rename the finished file");
  ::close(file_);
  file_ = -1;
}

}  // namespace foldstream::workflows::search
