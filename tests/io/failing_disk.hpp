// Disks that fail, and what the store reports: for tests of files.
#pragma once

#include "small_disk.hpp"

#include <foldstream/io/run_store.hpp>

#include <sys/resource.h>

#include <csignal>

namespace foldstream::io {

namespace fs = std::filesystem;
using test::SmallDisk;
using test::TemporaryFolder;

/// Collects what the store reports.
struct Damages {
  std::vector<Damage> seen;
  ReportDamage report() {
    return [this](const Damage& damage) { seen.push_back(damage); };
  }
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
