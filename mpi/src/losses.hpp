// Losses: what a process knows of lost ranks when it comes to its end.
#pragma once

#include <mutex>
#include <set>

namespace foldstream::mpi {

struct LossReport {
  int nodes = 1;           ///< on which the job began
  std::set<int> lost;      ///< ranks
  bool is_fenced = false;  ///< the others have given this rank up
};

/// Thread-safe.
class Losses {
 public:
  void set_nodes(int nodes) {
    const std::scoped_lock lock(mutex_);
    report_.nodes = nodes;
  }
  void add_lost(int rank) {
    const std::scoped_lock lock(mutex_);
    report_.lost.insert(rank);
  }
  void set_fenced() {
    const std::scoped_lock lock(mutex_);
    report_.is_fenced = true;
  }
  LossReport report() const {
    const std::scoped_lock lock(mutex_);
    return report_;
  }

 private:
  mutable std::mutex mutex_;
  LossReport report_;
};

}  // namespace foldstream::mpi
