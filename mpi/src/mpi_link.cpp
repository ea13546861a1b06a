#include "liveness.hpp"
#include "mpi_calls.hpp"
#include "mpi_transport.hpp"

#include <foldstream/mpi/native.hpp>
#include <foldstream/thread_executor.hpp>

#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <numeric>

namespace foldstream::mpi {
namespace {

/// A communicator of our own, freed at the end if MPI still runs then.
class OwnedComm {
 public:
  OwnedComm() = default;
  ~OwnedComm() {
    int is_over = 0;
    MPI_Finalized(&is_over);
    if (comm_ != MPI_COMM_NULL && is_over == 0) MPI_Comm_free(&comm_);
  }
  OwnedComm(const OwnedComm&) = delete;
  OwnedComm& operator=(const OwnedComm&) = delete;

  MPI_Comm* out() { return &comm_; }
  MPI_Comm value() const { return comm_; }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

constexpr std::size_t words = sizeof(cpu_set_t) / sizeof(std::uint64_t);
using Mask = std::array<std::uint64_t, words>;

Mask own_mask() {
  Mask mask{};
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return mask;
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) mask[cpu / 64] |= std::uint64_t{1} << (cpu % 64);
  return mask;
}

int count_bits(const Mask& mask) {
  int count = 0;
  for (const std::uint64_t word : mask) count += __builtin_popcountll(word);
  return count;
}

/// Own cores × (cores of the node's ranks / sum of what each of them counts as its own): all of the
/// own cores if every rank is bound to others, an equal part if all ranks may use the same.
int share_cores(MPI_Comm comm) {
  OwnedComm node;
  check_mpi(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, node.out()),
            "cannot find the ranks of this node");
  const Mask mine = own_mask();
  Mask all{};
  check_mpi(MPI_Allreduce(mine.data(), all.data(), static_cast<int>(words), MPI_UINT64_T, MPI_BOR,
                          node.value()),
            "cannot gather the cores of this node's ranks");
  const int own = std::max(1, count_bits(mine));
  int sum = 0;
  check_mpi(MPI_Allreduce(&own, &sum, 1, MPI_INT, MPI_SUM, node.value()),
            "cannot count the cores of this node's ranks");
  return std::max(1, own * count_bits(all) / sum);
}

std::vector<std::string> gather_texts(MPI_Comm comm, int ranks, const std::string& own) {
  const int size = static_cast<int>(own.size());
  std::vector<int> sizes(static_cast<std::size_t>(ranks));
  check_mpi(MPI_Allgather(&size, 1, MPI_INT, sizes.data(), 1, MPI_INT, comm),
            "cannot gather what the ranks say");
  std::vector<int> begins(sizes.size());
  std::exclusive_scan(sizes.begin(), sizes.end(), begins.begin(), 0);
  std::string all(static_cast<std::size_t>(begins.back() + sizes.back()), '\0');
  check_mpi(MPI_Allgatherv(own.data(), size, MPI_CHAR, all.data(), sizes.data(), begins.data(),
                           MPI_CHAR, comm),
            "cannot gather what the ranks say");
  std::vector<std::string> texts;
  for (std::size_t rank = 0; rank < sizes.size(); ++rank)
    texts.push_back(
        all.substr(static_cast<std::size_t>(begins[rank]), static_cast<std::size_t>(sizes[rank])));
  return texts;
}

class MpiLink final : public Link {
 public:
  /// @param losses  where ranks that are lost are entered; may be null
  MpiLink(MPI_Comm comm, SurvivalOptions survival, std::shared_ptr<Losses> losses)
      : survival_(std::move(survival)), losses_(std::move(losses)) {
    check_mpi(MPI_Comm_dup(comm, comm_.out()), "cannot duplicate the communicator");
    check_mpi(MPI_Comm_set_errhandler(comm_.value(), MPI_ERRORS_RETURN),
              "cannot set the error handler");
    check_mpi(MPI_Comm_rank(comm_.value(), &rank_), "cannot ask for the rank");
    check_mpi(MPI_Comm_size(comm_.value(), &size_), "cannot ask for the number of ranks");
    threads_ = share_cores(comm_.value());
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int fair_threads() const override { return threads_; }
  std::unique_ptr<Transport> make_transport() override {
    return std::make_unique<MpiTransport>(comm_.value(), transports_++);
  }
  void announce(const std::string& own) override {
    announced_ = gather_texts(comm_.value(), size_, own);
  }
  std::vector<std::string> announced() const override { return announced_; }
  std::unique_ptr<Liveness> make_liveness() override {
    if (!survival_.survive_losses) return nullptr;
    LivenessOptions options;
    options.mates.silence_seconds = survival_.silence_seconds;
    options.network = survival_.network;
    options.losses = losses_;
    const auto gather = [this](const std::string& own) {
      return gather_texts(comm_.value(), size_, own);
    };
    return std::make_unique<RankLiveness>(rank_, size_, gather, options);
  }

 private:
  const SurvivalOptions survival_;
  const std::shared_ptr<Losses> losses_;
  OwnedComm comm_;
  int rank_ = 0;
  int size_ = 1;
  int threads_ = 1;
  std::atomic<int> transports_ = 0;  ///< made so far
  std::vector<std::string> announced_;
};

}  // namespace

Communicator Communicator::world(const Session& session) {
  return Communicator(
      std::make_shared<MpiLink>(MPI_COMM_WORLD, session.survival(), session.losses()));
}

Communicator wrap(MPI_Comm comm, const SurvivalOptions& survival) {
  check_thread_level();
  return Communicator(std::make_shared<MpiLink>(comm, survival, nullptr));
}

}  // namespace foldstream::mpi
