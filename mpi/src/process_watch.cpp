#include "peer_facts.hpp"
#include "process_watch.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

namespace foldstream::mpi {

ProcessWatch::~ProcessWatch() {
  for (const Process& process : processes_)
    if (process.descriptor >= 0) close(process.descriptor);
}

void ProcessWatch::add(int rank, pid_t pid, std::uint64_t start_time) {
  // closed on exec by itself
  int descriptor = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (descriptor >= 0 && start_time_of(pid) != start_time) {  // a later process
    close(descriptor);
    descriptor = -1;
  }
  processes_.push_back({rank, pid, start_time, descriptor});
}

void ProcessWatch::append_to(std::vector<pollfd>& waited) const {
  for (const Process& process : processes_)
    if (process.descriptor >= 0) waited.push_back({process.descriptor, POLLIN, 0});
}

bool ProcessWatch::has_ended(const Process& process) {
  if (process.descriptor < 0) return start_time_of(process.pid) != process.start_time;
  pollfd ended{process.descriptor, POLLIN, 0};
  return poll(&ended, 1, 0) == 1;
}

std::vector<int> ProcessWatch::take_ended() {
  std::vector<int> ranks;
  std::erase_if(processes_, [&](const Process& process) {
    if (!has_ended(process)) return false;
    ranks.push_back(process.rank);
    if (process.descriptor >= 0) close(process.descriptor);
    return true;
  });
  return ranks;
}

void ProcessWatch::end(int rank) {
  for (const Process& process : processes_) {
    if (process.rank != rank) continue;
    if (process.descriptor >= 0)
      syscall(SYS_pidfd_send_signal, process.descriptor, SIGKILL, nullptr, 0);
    else if (!has_ended(process))
      kill(process.pid, SIGKILL);
  }
}

}  // namespace foldstream::mpi
