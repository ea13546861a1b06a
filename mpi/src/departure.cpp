#include "departure.hpp"
#include "mpi_calls.hpp"

#include <foldstream/mpi/session.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <thread>

namespace foldstream::mpi {
namespace {

constexpr int farewell_tag = 29999;  // below what MPI promises to have, 32767
using Clock = std::chrono::steady_clock;

/// Ends the process at the deadline, whatever it then waits for in MPI.
void set_deadline(Clock::time_point deadline, int exit_code, bool ends_job) {
  std::thread([=] {
    std::this_thread::sleep_until(deadline);
    if (ends_job) MPI_Abort(MPI_COMM_WORLD, exit_code);
    _exit(exit_code);
  }).detach();
}

int first_left(const LossReport& losses) {
  int rank = 0;
  while (losses.lost.contains(rank)) ++rank;
  return rank;
}

/// Waits until all ranks that are left, but the first, have said farewell to it.
void wait_for_farewells(const LossReport& losses, int rank, int ranks, Clock::time_point deadline) {
  for (int peer = rank + 1; peer < ranks; ++peer) {
    if (losses.lost.contains(peer)) continue;
    int has_come = 0;
    while (has_come == 0 && Clock::now() < deadline) {
      if (MPI_Iprobe(peer, farewell_tag, MPI_COMM_WORLD, &has_come, MPI_STATUS_IGNORE) !=
          MPI_SUCCESS)
        break;
      if (has_come == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (has_come != 0)  // lets it go
      MPI_Recv(nullptr, 0, MPI_BYTE, peer, farewell_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
}

/// The way out where nobody but MPI_Abort will end the launcher.
[[noreturn]] void leave_one_by_one(const LossReport& losses, int exit_code,
                                   Clock::time_point deadline) {
  int rank = 0;
  int ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const int first = first_left(losses);
  set_deadline(deadline + std::chrono::seconds(1), exit_code, rank == first);
  if (rank == first) {
    wait_for_farewells(losses, rank, ranks, deadline);
    MPI_Abort(MPI_COMM_WORLD, exit_code);
  } else {
    MPI_Ssend(nullptr, 0, MPI_BYTE, first, farewell_tag, MPI_COMM_WORLD);
  }
  _exit(exit_code);
}

/// Whether the launcher waits for ever once a rank went without finalising MPI.
bool is_launcher_deaf(const LossReport& losses) {
  return losses.nodes > 1 && library_version().starts_with("Open MPI v4");
}

}  // namespace

void depart(const LossReport& losses, int exit_code, double patience_seconds) {
  std::cout.flush();
  std::fflush(nullptr);
  int is_over = 0;
  MPI_Finalized(&is_over);
  if (is_over != 0 || losses.is_fenced) _exit(exit_code);
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(patience_seconds));
  const bool is_deaf = is_launcher_deaf(losses);
  if (is_deaf && !losses.lost.empty()) leave_one_by_one(losses, exit_code, deadline);
  if (!losses.lost.empty()) _exit(exit_code);  // finalising would wait for them
  set_deadline(deadline, exit_code, is_deaf);
  MPI_Finalize();
  _exit(exit_code);
}

}  // namespace foldstream::mpi
