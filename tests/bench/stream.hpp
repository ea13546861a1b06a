// Bars of streams: on the disk, between threads, and from rank to rank.
#pragma once

#include "bar.hpp"

#include <filesystem>
#include <vector>

namespace foldstream::bench {

/// Written behind beside write() and fdatasync() of the same bytes in `folder`, by one process and by
/// two; what that costs a computation; and how soon a stored stream is found again. Forks: no other
/// thread may run.
std::vector<Bar> disk_bars(const std::filesystem::path& folder, bool quick);

/// A StreamHub between two threads of a process; for information.
std::vector<Bar> hub_bars(bool quick);

/// A stream from rank 0 to rank 1 beside raw MPI; of use on rank 0. Collective over two ranks. Only with
/// FOLDSTREAM_BENCH_MPI.
std::vector<Bar> rank_bars(bool quick);

}  // namespace foldstream::bench
