// Native: brings an MPI_Comm of the program's own. The one public header that includes mpi.h.
#pragma once

#include <foldstream/mpi/communicator.hpp>

#include <mpi.h>

namespace foldstream::mpi {

/// A duplicate of `comm`, so that our messages never meet the program's. Collective over `comm`.
/// MPI must have been initialised with MPI_THREAD_SERIALIZED or more, and with no more than
/// SERIALIZED the program must not call MPI between the start of a run and the end of its wait.
/// Where `survival` lets ranks be lost, the program must not finalise MPI without a limit of time.
/// @throws Error{Communication} if it cannot be duplicated; Error{Unsupported} for a lower level.
Communicator wrap(MPI_Comm comm, const SurvivalOptions& survival = {});

}  // namespace foldstream::mpi
