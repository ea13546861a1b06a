#include "target_quota.hpp"

#include "lease_files.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;

constexpr auto longest_silence = std::chrono::seconds(60);

/// Of one process at a time, on all hosts that share the folder.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder)
      : file_(open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    struct flock whole = {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    // of the open file, not of the process: threads exclude each other too, and NFS knows it
    if (file_ < 0 || fcntl(file_, F_OFD_SETLKW, &whole) != 0) {
      const std::string reason = std::strerror(errno);
      if (file_ >= 0) close(file_);
      throw Error(ErrorKind::Io,
                  "the quota's folder " + folder.string() + " cannot be locked: " + reason + ".");
    }
  }
  ~FolderLock() { close(file_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_;
};

std::string own_name() {
  static std::atomic<int> count = 0;
  return fmt::format("{}-{}-{}.member", io::safe_file_name(host_name()), getpid(), count++);
}

}  // namespace

TargetQuota::TargetQuota(fs::path folder, int limit)
    : folder_(std::move(folder)), limit_(limit), name_(own_name()) {
  if (limit < 1)
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("a quota of {} targets lets nothing run.", limit));
  std::error_code problem;
  fs::create_directories(folder_, problem);
  const FolderLock lock(folder_);
  write();
}

TargetQuota::~TargetQuota() {
  std::error_code none;
  fs::remove(folder_ / name_, none);
}

void TargetQuota::write() {
  io::write_file_atomically(folder_ / name_,
                            fmt::format("{} {} {}\n", own_.held, own_.waits ? 1 : 0, ++count_));
}

std::map<std::string, TargetQuota::Member> TargetQuota::others() {
  std::map<std::string, Member> members;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".member") || name == name_) continue;
    const std::string content = content_of(entry.path()).value_or("");
    const auto [seen, is_new] = seen_.emplace(name, Seen{content, Clock::now()});
    if (!is_new && seen->second.content != content) seen->second = {content, Clock::now()};
    Member member;
    int waits = 0;
    if (std::sscanf(content.c_str(), "%d %d", &member.held, &waits) != 2)
      continue;  // it has just gone
    member.waits = waits != 0;
    if (Clock::now() - seen->second.changed <= longest_silence) members[name] = member;
  }
  return members;
}

bool TargetQuota::begin() {
  const std::scoped_lock guard(mutex_);
  const FolderLock lock(folder_);
  const auto all = others();
  const int fair = std::max(1, limit_ / static_cast<int>(all.size() + 1));
  int sum = own_.held;
  bool others_want = false;
  for (const auto& [name, other] : all) {
    sum += other.held;
    others_want = others_want || (other.waits && other.held < fair);
  }
  const bool may = sum < limit_ && (own_.held < fair || !others_want);
  if (may) ++own_.held;
  if (may || !own_.waits) {
    own_.waits = !may;
    write();
  }
  return may;
}

void TargetQuota::end() noexcept {
  const std::scoped_lock guard(mutex_);
  own_.held = std::max(0, own_.held - 1);
  tell();
}

void TargetQuota::touch() noexcept {
  const std::scoped_lock guard(mutex_);
  tell();
}

void TargetQuota::tell() noexcept {
  try {
    write();
  } catch (const std::exception&) {  // the next one tells; `begin` says what is wrong
    return;
  }
}

int TargetQuota::held() const {
  const std::scoped_lock guard(mutex_);
  return own_.held;
}

}  // namespace foldstream::apps
