#include "mpi_calls.hpp"

#include <foldstream/mpi/session.hpp>

#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdlib>

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

Session::Session() {
  if (is_finalised())
    throw Error(ErrorKind::Communication,
                "MPI was finalised in this process and cannot start again. Keep one Session.");
  if (!is_initialised()) {
    initialise();
    is_owner_ = true;
  }
  try {
    check_thread_level();
  } catch (...) {
    if (is_owner_) MPI_Finalize();
    throw;
  }
}

Session::~Session() {
  int is_over = 0;
  MPI_Finalized(&is_over);
  if (is_owner_ && is_over == 0) MPI_Finalize();
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

std::string library_version() {
  std::string text(MPI_MAX_LIBRARY_VERSION_STRING, '\0');
  int length = 0;
  check_mpi(MPI_Get_library_version(text.data(), &length), "cannot ask for the version of MPI");
  text.resize(static_cast<std::size_t>(length));
  return text.substr(0, text.find_first_of(std::string_view("\n\0", 2)));
}

}  // namespace foldstream::mpi
