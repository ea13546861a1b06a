// Disks that fail, and what the store reports: for tests of files.
#pragma once

#include "test_support.hpp"

#include <foldstream/io/run_store.hpp>

#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>

namespace foldstream::io {

namespace fs = std::filesystem;
using test::TemporaryFolder;

/// Collects what the store reports.
struct Damages {
  std::vector<Damage> seen;
  ReportDamage report() {
    return [this](const Damage& damage) { seen.push_back(damage); };
  }
};

/// A small file system of its own, if mounting is permitted.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& size = "size=1m") {
    is_mounted_ = mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, size.c_str()) == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) umount(folder_.path().c_str());
  }
  bool is_mounted() const { return is_mounted_; }
  const fs::path& path() const { return folder_.path(); }
  bool make_read_only() const {
    return mount("tmpfs", path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m") == 0;
  }

 private:
  TemporaryFolder folder_;
  bool is_mounted_ = false;
};

/// No file of this process may grow past `bytes` while this lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace foldstream::io
