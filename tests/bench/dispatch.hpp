// What a task costs when a DistributedExecutor hands it out.
#pragma once

#include "bar.hpp"

#include <foldstream/mpi/communicator.hpp>

#include <vector>

namespace foldstream::bench {

/// Empty tasks a second over the ranks of `world`, one thread each, without a store and with one. The
/// bars are of use on rank 0. Collective; no run may be going on.
std::vector<Bar> dispatch_bars(const mpi::Communicator& world, bool quick);

}  // namespace foldstream::bench
