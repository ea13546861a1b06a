// ProcessWatch: tells which processes of this machine have ended, from the process table.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace foldstream::mpi {

/// One thread at a time may use it.
class ProcessWatch {
 public:
  ProcessWatch() = default;
  ~ProcessWatch();
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;

  /// A process is told from a later one with the same number by when it was started.
  void add(int rank, pid_t pid, std::uint64_t start_time);
  /// Wakes a poll as soon as a process ends; where the kernel cannot do so, `take_ended` finds it.
  void append_to(std::vector<pollfd>& waited) const;
  /// Ranks whose process is gone, or has ended and waits for its parent; each once.
  std::vector<int> take_ended();
  /// SIGKILL, if the rank's process is still there.
  void end(int rank);

 private:
  struct Process {
    int rank;
    pid_t pid;
    std::uint64_t start_time;
    int descriptor;  ///< names the process for good; -1: the kernel has none for us
  };

  static bool has_ended(const Process& process);

  std::vector<Process> processes_;
};

}  // namespace foldstream::mpi
