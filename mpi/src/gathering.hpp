// Gathering: tells all ranks what each says, with an end to the waiting; MPI's own collectives have none.
#pragma once

#include <mpi.h>

#include <string>
#include <vector>

namespace foldstream::mpi {

/// What each rank says, by rank. Collective. Rank 0 collects and answers, so one gathering of a
/// communicator follows the other in the same order on all ranks.
/// @param patience_seconds  0 = for ever
/// @throws Error{Communication} naming the ranks that were waited for in vain.
std::vector<std::string> gather_texts(MPI_Comm comm, const std::string& own,
                                      double patience_seconds);

}  // namespace foldstream::mpi
