#include "byte_source.hpp"

#include <foldstream/io/text_file.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace foldstream::io {
namespace {

std::string cure(int code) {
  switch (code) {
    case ENOSPC:
    case EDQUOT:
      return "Free some space there, or write elsewhere.";
    case EACCES:
    case EPERM:
    case EROFS:
      return "Choose a folder that you may write to.";
    case ENOENT:
    case ENOTDIR:
      return "Make its folder first.";
    default:
      return "Check the disk, or write elsewhere.";
  }
}

[[noreturn]] void fail_writing(const std::filesystem::path& path, int code) {
  throw Error(ErrorKind::Io, "cannot write '" + path.string() +
                                 "': " + std::generic_category().message(code) + ". " + cure(code));
}

// A new file that is removed again unless it is renamed to where it belongs.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target) : target_(target) {
    // the process id is no promise across hosts of one file system; O_EXCL is
    for (int attempt = 0; file_ < 0; ++attempt) {
      path_ = target.parent_path() / ("." + target.filename().string() + "." +
                                      std::to_string(::getpid()) + "-" + std::to_string(attempt));
      file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (file_ < 0 && errno != EEXIST && errno != EINTR) fail_writing(target, errno);
    }
  }
  ~TemporaryFile() {
    if (file_ >= 0) ::close(file_);
    if (!kept_) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::write(file_, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail_writing(target_, errno);
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  void keep() {
    // a network file system may report a full disk only here
    const int closed = ::close(std::exchange(file_, -1));
    if (closed != 0 && errno != EINTR) fail_writing(target_, errno);
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail_writing(target_, errno);
    kept_ = true;
  }

 private:
  std::filesystem::path target_;
  std::filesystem::path path_;
  int file_ = -1;
  bool kept_ = false;
};

bool stays_in_a_file_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-+=@").find(c) != std::string_view::npos;
}

}  // namespace

std::string read_text_file(const std::filesystem::path& path) {
  const auto source = open_bytes(path);
  std::string text;
  std::size_t size = 0;
  while (true) {
    if (size == text.size()) text.resize(std::max<std::size_t>(std::size_t{1} << 16, 2 * size));
    const std::size_t count = source->read(std::span<char>(text).subspan(size));
    if (count == 0) break;
    size += count;
  }
  text.resize(size);
  return text;
}

void write_file_atomically(
    const std::filesystem::path& path,
    const std::function<void(const std::function<void(std::string_view)>& write)>& make) {
  TemporaryFile file(path);
  make([&](std::string_view piece) { file.write(piece); });
  file.keep();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, [&](const auto& write) { write(text); });
}

std::string safe_file_name(std::string_view name) {
  constexpr std::size_t longest = 100;
  std::string safe(name.substr(0, longest));
  for (char& c : safe) {
    if (!stays_in_a_file_name(c)) c = '_';
  }
  if (safe.empty()) return "_";
  if (safe[0] == '.' || safe[0] == '-') safe[0] = '_';
  return safe;
}

}  // namespace foldstream::io
