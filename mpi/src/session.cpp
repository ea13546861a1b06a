#include "departure.hpp"
#include "mpi_calls.hpp"

#include <foldstream/mpi/session.hpp>

#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace foldstream::mpi {
namespace {

/// Keeps the affinity mask of the calling thread; Open MPI binds even a lone process to one core.
class KeptAffinity {
 public:
  KeptAffinity() { is_known_ = sched_getaffinity(0, sizeof mask_, &mask_) == 0; }
  ~KeptAffinity() {
    if (is_known_) sched_setaffinity(0, sizeof mask_, &mask_);
  }
  KeptAffinity(const KeptAffinity&) = delete;
  KeptAffinity& operator=(const KeptAffinity&) = delete;

 private:
  cpu_set_t mask_{};
  bool is_known_ = false;
};

void initialise() {
  const KeptAffinity kept;
  int granted = MPI_THREAD_SINGLE;
  check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &granted),
            "MPI does not start");
}

}  // namespace

Session::Session(SurvivalOptions survival)
    : survival_(std::move(survival)), losses_(std::make_shared<Losses>()) {
  if (!(survival_.silence_seconds > 0))
    throw Error(ErrorKind::InvalidArgument, "silence_seconds must be positive; it is " +
                                                std::to_string(survival_.silence_seconds));
  if (is_finalised())
    throw Error(ErrorKind::Communication,
                "MPI was finalised in this process and cannot start again. Keep one Session.");
  if (!is_initialised()) {
    initialise();
    is_owner_ = true;
  }
  try {
    check_thread_level();
    // that a rank was lost shall not end the others, which MPI does by default
    if (survival_.survive_losses)
      for (const MPI_Comm comm : {MPI_COMM_WORLD, MPI_COMM_SELF})
        check_mpi(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN), "cannot set the error handler");
  } catch (...) {
    if (is_owner_) MPI_Finalize();
    throw;
  }
}

Session::~Session() {
  int is_over = 0;
  MPI_Finalized(&is_over);
  if (is_owner_ && is_over == 0 && !survival_.survive_losses) MPI_Finalize();
}

void Session::leave(int exit_code, double patience_seconds) {
  if (!is_owner_)
    throw Error(ErrorKind::InvalidArgument, "only the session that starts MPI leaves");
  depart(losses_->report(), exit_code, patience_seconds);
}

void Session::abort(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::abort();  // where the library comes back all the same
}

bool Session::is_launched(const std::function<const char*(const char*)>& lookup) {
  // Open MPI, PMI-1/2 (MPICH, Intel, Cray, srun), PMIx (Open MPI 5, srun), MVAPICH, Cray PALS
  constexpr std::array names = {"OMPI_COMM_WORLD_SIZE", "PMI_RANK",   "PMI_SIZE", "PMIX_RANK",
                                "MV2_COMM_WORLD_SIZE",  "PALS_RANKID"};
  return std::ranges::any_of(names, [&](const char* name) { return lookup(name) != nullptr; });
}

bool Session::survives_losses(const std::function<const char*(const char*)>& lookup) {
  if (lookup("OMPI_COMM_WORLD_SIZE") == nullptr) return false;  // another launcher
  // set by mpirun --enable-recovery (Open MPI 4) and mpirun --with-ft ulfm (Open MPI 5)
  constexpr std::array names = {"OMPI_MCA_orte_enable_recovery", "OMPI_MCA_mpi_ft_enable"};
  return std::ranges::any_of(names, [&](const char* name) {
    const char* value = lookup(name);
    return value != nullptr &&
           (std::string_view(value) == "1" || std::string_view(value) == "true");
  });
}

std::string library_version() {
  std::string text(MPI_MAX_LIBRARY_VERSION_STRING, '\0');
  int length = 0;
  check_mpi(MPI_Get_library_version(text.data(), &length), "cannot ask for the version of MPI");
  text.resize(static_cast<std::size_t>(length));
  return text.substr(0, text.find_first_of(std::string_view("\n\0", 2)));
}

}  // namespace foldstream::mpi
