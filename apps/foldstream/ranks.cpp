#include "ranks.hpp"

#include <foldstream/thread_executor.hpp>

#include <cstdlib>
#include <string>

#ifdef FOLDSTREAM_HAS_MPI
#include <foldstream/mpi/distributed_executor.hpp>
#include <foldstream/mpi/session.hpp>
#endif

namespace foldstream::apps {

bool is_first_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"})
    if (const char* rank = std::getenv(name)) return std::string(rank) == "0";
  return true;
}

#ifdef FOLDSTREAM_HAS_MPI

struct Ranks::Impl {
  mpi::Session session;
  mpi::Communicator world = mpi::Communicator::world(session);
};

Ranks::Ranks() {
  if (mpi::Session::is_launched([](const char* name) { return std::getenv(name); }))
    impl_ = std::make_unique<Impl>();
}

int Ranks::rank() const noexcept { return impl_ ? impl_->world.rank() : 0; }
int Ranks::size() const noexcept { return impl_ ? impl_->world.size() : 1; }

std::unique_ptr<Executor> Ranks::make_executor(int threads, std::uint64_t memory_bytes) const {
  if (!impl_) return std::make_unique<ThreadExecutor>(ThreadExecutorOptions{threads, memory_bytes});
  mpi::DistributedExecutorOptions options;
  options.threads = threads;
  options.memory_bytes = memory_bytes;
  return std::make_unique<mpi::DistributedExecutor>(impl_->world, options);
}

#else

struct Ranks::Impl {};

Ranks::Ranks() {
  const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
  if (size != nullptr && std::string(size) != "1")
    throw Error(ErrorKind::Unsupported,
                "this foldstream was built without MPI. Configure with -DFOLDSTREAM_WITH_MPI=ON.");
}

int Ranks::rank() const noexcept { return 0; }
int Ranks::size() const noexcept { return 1; }

std::unique_ptr<Executor> Ranks::make_executor(int threads, std::uint64_t memory_bytes) const {
  return std::make_unique<ThreadExecutor>(ThreadExecutorOptions{threads, memory_bytes});
}

#endif

int Ranks::threads(int threads) const {
  if (threads > 0) return threads * size();
#ifdef FOLDSTREAM_HAS_MPI
  if (impl_) return impl_->world.fair_threads() * size();
#endif
  return usable_threads();
}

Ranks::~Ranks() = default;

}  // namespace foldstream::apps
