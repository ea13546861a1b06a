// Departure: how a process leaves a job in which ranks may have been lost.
#pragma once

#include "losses.hpp"

namespace foldstream::mpi {

/// Ends this process, with MPI finalised where that can be done in `patience_seconds`.
///
/// The mpirun of Open MPI 4 waits for ever if a rank was lost on another node than its own: then
/// the first rank that is left ends the job by MPI_Abort, once the others have come here.
[[noreturn]] void depart(const LossReport& losses, int exit_code, double patience_seconds);

}  // namespace foldstream::mpi
