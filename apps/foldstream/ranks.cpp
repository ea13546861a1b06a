#include "ranks.hpp"

#include "lease_files.hpp"

#include <foldstream/thread_executor.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>
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

namespace {

[[noreturn]] void throw_bad_roles(const std::string& part) {
  throw Error(ErrorKind::InvalidArgument,
              "--roles: '" + part +
                  "' is not RANK:ROLE, RANK-RANK:ROLE or RANKS:ROLE+ROLE, as in "
                  "--roles 0-1:search,2-3:predict+refine.");
}

int parse_rank(std::string_view text, const std::string& part) {
  int rank = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rank);
  if (error != std::errc() || end != text.data() + text.size() || rank < 0) throw_bad_roles(part);
  return rank;
}

void check_role(const std::string& role, const Graph& graph) {
  std::vector<std::string> known;
  for (const auto& task : graph.tasks())
    if (!task->role.empty()) known.push_back(task->role);
  if (std::ranges::find(known, role) == known.end())
    throw Error(ErrorKind::InvalidArgument, "--roles: no task of the workflow has the role '" +
                                                role + "'." + did_you_mean(role, known));
}

}  // namespace

std::unique_ptr<Executor> make_thread_executor(const RankOptions& options) {
  ThreadExecutorOptions chosen{options.threads, options.memory_bytes};
  chosen.devices = options.devices;
  chosen.on_thread = options.on_thread;
  chosen.model_threads = std::max(1, static_cast<int>(options.devices.size()));
  return std::make_unique<ThreadExecutor>(chosen);
}

std::vector<Device> own_devices(const std::vector<Device>& of_node, const Seat& seat) {
  const int count = static_cast<int>(of_node.size());
  std::vector<Device> own;
  for (int i = 0; i < count; ++i)
    if (seat.ranks <= count ? i % seat.ranks == seat.number : i == seat.number % count)
      own.push_back(of_node[static_cast<std::size_t>(i)]);
  return own;
}

std::map<int, std::vector<std::string>> parse_roles(const std::string& text, int ranks,
                                                    const Graph& graph) {
  std::map<int, std::vector<std::string>> roles;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const std::size_t colon = part.find(':');
    if (colon == std::string::npos || colon + 1 == part.size()) throw_bad_roles(part);
    const std::string_view numbers = std::string_view(part).substr(0, colon);
    const std::size_t dash = numbers.find('-');
    const int first = parse_rank(numbers.substr(0, dash), part);
    const int last =
        dash == std::string_view::npos ? first : parse_rank(numbers.substr(dash + 1), part);
    if (last < first) throw_bad_roles(part);
    if (last >= ranks)
      throw Error(ErrorKind::InvalidArgument,
                  "--roles: '" + part + "' names rank " + std::to_string(last) + ", but there are " +
                      std::to_string(ranks) + " ranks, from 0. Start more with mpirun -n.");
    std::istringstream names(part.substr(colon + 1));
    for (std::string role; std::getline(names, role, '+');) {
      check_role(role, graph);
      for (int rank = first; rank <= last; ++rank) roles[rank].push_back(role);
    }
  }
  return roles;
}

#ifdef FOLDSTREAM_HAS_MPI

namespace {

const char* lookup(const char* name) { return std::getenv(name); }

/// MPI sessions that outlive their Ranks, since only the end of the process may end them.
std::unique_ptr<mpi::Session>& kept_session() {
  static std::unique_ptr<mpi::Session> session;
  return session;
}

}  // namespace

struct Ranks::Impl {
  std::unique_ptr<mpi::Session> session = std::make_unique<mpi::Session>(
      mpi::SurvivalOptions{.survive_losses = mpi::Session::survives_losses(lookup)});
  mpi::Communicator world = mpi::Communicator::world(*session);
};

Ranks::Ranks() {
  if (!mpi::Session::is_launched(lookup)) return;
  impl_ = std::make_unique<Impl>();
  const std::vector<std::string> hosts = gather(host_name());
  const auto own = hosts.begin() + rank();
  seat_ = {static_cast<int>(std::count(hosts.begin(), own, *own)),
           static_cast<int>(std::ranges::count(hosts, *own))};
}

Ranks::~Ranks() {
  if (impl_ && impl_->session->needs_leave()) kept_session() = std::move(impl_->session);
}

int end_process(int exit_code) {
  if (kept_session()) kept_session()->leave(exit_code);
  return exit_code;
}

int Ranks::rank() const noexcept { return impl_ ? impl_->world.rank() : 0; }
int Ranks::size() const noexcept { return impl_ ? impl_->world.size() : 1; }

std::unique_ptr<Executor> Ranks::make_executor(const RankOptions& options) const {
  if (!impl_) return make_thread_executor(options);
  mpi::DistributedExecutorOptions chosen;
  chosen.threads = options.threads;
  chosen.memory_bytes = options.memory_bytes;
  chosen.roles = options.roles;
  chosen.run_ahead = options.run_ahead;
  chosen.devices = options.devices;
  chosen.on_thread = options.on_thread;
  return std::make_unique<mpi::DistributedExecutor>(impl_->world, chosen);
}

bool Ranks::leads(const Executor& executor) const {
  const auto* ranks = dynamic_cast<const mpi::DistributedExecutor*>(&executor);
  return ranks == nullptr || ranks->leader() == rank();
}

std::vector<std::string> Ranks::gather(const std::string& own) const {
  return impl_ ? impl_->world.gather(own) : std::vector{own};
}

std::vector<int> Ranks::lost(const Executor& executor) const {
  const auto* ranks = dynamic_cast<const mpi::DistributedExecutor*>(&executor);
  return ranks == nullptr ? std::vector<int>() : ranks->lost();
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

std::unique_ptr<Executor> Ranks::make_executor(const RankOptions& options) const {
  return make_thread_executor(options);
}

bool Ranks::leads(const Executor&) const { return true; }
std::vector<int> Ranks::lost(const Executor&) const { return {}; }
std::vector<std::string> Ranks::gather(const std::string& own) const { return {own}; }

Ranks::~Ranks() = default;

int end_process(int exit_code) { return exit_code; }

#endif

int Ranks::threads(int threads) const {
  if (threads > 0) return threads * size();
#ifdef FOLDSTREAM_HAS_MPI
  if (impl_) return impl_->world.fair_threads() * size();
#endif
  return usable_threads();
}

}  // namespace foldstream::apps
