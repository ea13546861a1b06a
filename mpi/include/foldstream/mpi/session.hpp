// Session: MPI, initialised if nobody has done it, and finalised if we have.
#pragma once

#include <functional>
#include <string>

namespace foldstream::mpi {

/// Keeps MPI initialised while it lives. Make it before any Communicator and let it go after all of
/// them. If MPI already runs, it only checks that another thread may call it.
///
/// Initialising costs 0.1–0.5 s and may bind even a lone process to one core: this is undone, the
/// affinity mask is afterwards what it was before.
class Session {
 public:
  /// Collective. @throws Error{Communication} if MPI does not start; Error{Unsupported} if it does
  /// not let the communications thread call it (less than MPI_THREAD_SERIALIZED).
  Session();
  /// Collective if this session has initialised MPI.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Whether this session has initialised MPI, and so will finalise it.
  bool is_owner() const noexcept { return is_owner_; }

  /// Ends the processes of all ranks at once: for a program that cannot go on while others wait.
  [[noreturn]] void abort(int exit_code);

  /// Whether a launcher (mpirun, srun with PMI or PMIx, …) started this process as one of its
  /// ranks, told by the environment. Cheap; needs no MPI. `lookup` is std::getenv or the like: the
  /// value of a variable, null if it is not set.
  static bool is_launched(const std::function<const char*(const char*)>& lookup);

 private:
  bool is_owner_ = false;
};

/// One line that names the MPI library in use. Needs no Session.
std::string library_version();

}  // namespace foldstream::mpi
