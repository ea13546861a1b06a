// A small file system of its own, for tests of full disks.
#pragma once

#include "test_support.hpp"

#include <sys/mount.h>

#include <filesystem>
#include <string>

namespace foldstream::test {

/// Mounted on a folder of its own, or on one that is given; not at all where that is not permitted.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& size = "size=1m", std::filesystem::path path = {})
      : path_(path.empty() ? folder_.path() : std::move(path)) {
    std::filesystem::create_directories(path_);
    is_mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, size.c_str()) == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool is_mounted() const { return is_mounted_; }
  const std::filesystem::path& path() const { return path_; }
  bool make_read_only() const { return remount(MS_RDONLY, "size=1m"); }
  bool grow(const std::string& size) const { return remount(0, size); }

 private:
  bool remount(unsigned long flags, const std::string& size) const {
    return mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | flags, size.c_str()) == 0;
  }

  TemporaryFolder folder_;
  std::filesystem::path path_;
  bool is_mounted_ = false;
};

}  // namespace foldstream::test
