// Session: MPI, initialised if nobody has done it, and finalised if we have.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace foldstream::mpi {

class Losses;

/// How a job goes on when one of its ranks is lost.
struct SurvivalOptions {
  /// The others go on. Only where the launcher lets them: see `Session::survives_losses`.
  bool survive_losses = false;
  /// A rank that stands still for so long while others on its node do not is lost, seconds; > 0.
  double silence_seconds = 120;
  /// What joins the nodes, for heartbeats (UDP): the name of an interface ("ib0") or a network
  /// ("10.0.0.0/16"); empty: whatever lets them through.
  std::string network = {};
};

/// Keeps MPI initialised while it lives. Make it before any Communicator and let it go after all of
/// them. If MPI already runs, it only checks that another thread may call it.
///
/// Surviving losses: launch with `mpirun --enable-recovery` (Open MPI 4) or `mpirun --with-ft ulfm`
/// (Open MPI 5) and end the program by `leave`. Known limits: with --enable-recovery mpirun returns
/// 0 whatever the ranks return, and tells each lost rank by a line "PMIX ERROR: BAD-PARAM"; after a
/// loss on several nodes, `leave` ends the job by MPI_Abort, which Open MPI announces; and the loss
/// of a whole node ends the job.
///
/// Initialising costs 0.1–0.5 s and may bind even a lone process to one core: this is undone, the
/// affinity mask is afterwards what it was before.
class Session {
 public:
  /// Collective. @throws Error{Communication} if MPI does not start; Error{Unsupported} if it does
  /// not let the communications thread call it (less than MPI_THREAD_SERIALIZED).
  explicit Session(SurvivalOptions survival = {});
  /// Collective if this session has initialised MPI, unless it survives losses: then MPI is left
  /// as it is, for waiting for all ranks might never end; see `leave`.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Whether this session has initialised MPI, and so will finalise it.
  bool is_owner() const noexcept { return is_owner_; }

  const SurvivalOptions& survival() const noexcept { return survival_; }
  /// For those who make links: where they enter ranks that were lost.
  const std::shared_ptr<Losses>& losses() const noexcept { return losses_; }

  /// Whether the program must end by `leave`: this session has initialised MPI, and ranks may be
  /// lost, now or while it is finalised.
  bool needs_leave() const noexcept { return is_owner_ && survival_.survive_losses; }
  /// Ends this process, after it has flushed what was printed and has finalised MPI; if that takes
  /// longer than `patience_seconds`, without. No destructors run: let go of all else before.
  /// @throws Error{InvalidArgument} if this session is not the owner of MPI.
  [[noreturn]] void leave(int exit_code, double patience_seconds = 10);

  /// Ends the processes of all ranks at once: for a program that cannot go on while others wait.
  [[noreturn]] void abort(int exit_code);

  /// Whether a launcher (mpirun, srun with PMI or PMIx, …) started this process as one of its
  /// ranks, told by the environment. Cheap; needs no MPI. `lookup` is std::getenv or the like: the
  /// value of a variable, null if it is not set.
  static bool is_launched(const std::function<const char*(const char*)>& lookup);

  /// Whether the launcher was told to keep a job going when one of its ranks is lost. `lookup` as
  /// above.
  static bool survives_losses(const std::function<const char*(const char*)>& lookup);

 private:
  SurvivalOptions survival_;
  std::shared_ptr<Losses> losses_;
  bool is_owner_ = false;
};

/// One line that names the MPI library in use. Needs no Session.
std::string library_version();

}  // namespace foldstream::mpi
