// MPI calls, each checked once; nothing else calls them.
#pragma once

#include <foldstream/error.hpp>

#include <mpi.h>
#if defined(OPEN_MPI) && __has_include(<mpi-ext.h>)
#include <mpi-ext.h>
#endif

#include <string>

namespace foldstream::mpi {

/// @throws Error{Communication} "<what>: <the MPI library's words>" unless `code` is success.
inline void check_mpi(int code, const std::string& what) {
  if (code == MPI_SUCCESS) return;
  std::string words(MPI_MAX_ERROR_STRING, '\0');
  int length = 0;
  MPI_Error_string(code, words.data(), &length);
  words.resize(static_cast<std::size_t>(length));
  throw Error(ErrorKind::Communication, what + ": " + words);
}

inline bool is_initialised() {
  int flag = 0;
  check_mpi(MPI_Initialized(&flag), "cannot ask whether MPI is initialised");
  return flag != 0;
}

inline bool is_finalised() {
  int flag = 0;
  check_mpi(MPI_Finalized(&flag), "cannot ask whether MPI is finalised");
  return flag != 0;
}

/// After a rank of `comm` was lost: receives and probes from any rank go on without it. Does
/// nothing where MPI itself knows of no losses.
inline void acknowledge_failures([[maybe_unused]] MPI_Comm comm) {
#ifdef OMPI_HAVE_MPI_EXT_FTMPI
  check_mpi(MPIX_Comm_failure_ack(comm), "cannot acknowledge that a rank was lost");
#endif
}

/// Whether MPI says that a rank was lost. Our own liveness will tell which; until then the call counts
/// as one that did nothing. Never where MPI itself knows of no losses.
inline bool is_loss([[maybe_unused]] int code) {
#ifdef OMPI_HAVE_MPI_EXT_FTMPI
  int kind = MPI_SUCCESS;
  if (code != MPI_SUCCESS) MPI_Error_class(code, &kind);
  return kind == MPIX_ERR_PROC_FAILED || kind == MPIX_ERR_PROC_FAILED_PENDING;
#else
  return false;
#endif
}

/// @throws Error{Unsupported} if MPI may only be called by the thread that initialised it.
inline void check_thread_level() {
  int level = MPI_THREAD_SINGLE;
  check_mpi(MPI_Query_thread(&level), "cannot ask for the thread level of MPI");
  if (level < MPI_THREAD_SERIALIZED)
    throw Error(ErrorKind::Unsupported,
                "MPI was initialised for calls from one thread only. Call MPI_Init_thread with "
                "MPI_THREAD_SERIALIZED or more before a foldstream::mpi::Session is made.");
}

}  // namespace foldstream::mpi
