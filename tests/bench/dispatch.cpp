#include "dispatch.hpp"

#include <foldstream/io/run_store.hpp>
#include <foldstream/mpi/distributed_executor.hpp>
#include <foldstream/mpi/native.hpp>

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <stdexcept>

namespace foldstream::bench {

/// What flows between the empty tasks; a stored one has no tensors.
struct Mark {};

}  // namespace foldstream::bench

template <>
struct foldstream::Codec<foldstream::bench::Mark> {
  static constexpr std::string_view name = "mark";
  static Record encode(const bench::Mark&) { return {}; }
  static bench::Mark decode(const Record&) { return {}; }
};

namespace foldstream::bench {
namespace {

using Clock = std::chrono::steady_clock;

enum class Shape { chain, fan };

/// What is handed out.
struct Campaign {
  Shape shape = Shape::chain;
  int tasks = 1;  ///< of a target
  int targets = 0;
  bool is_journalled = false;

  std::int64_t total() const { return std::int64_t{tasks} * targets; }
};

/// Of all ranks.
struct Cost {
  double seconds = 0;      ///< from the start of the run until every rank knows all outcomes
  double cpu_seconds = 0;  ///< of all threads of all ranks
};

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Task empty_task(int number, bool has_output, bool is_stored) {
  Task task;
  task.name = "t" + std::to_string(number);
  task.inputs = {{"in", number == 0 ? PortType::of<std::int64_t>() : PortType::of<Mark>()}};
  if (has_output) task.outputs = {{"out", PortType::of<Mark>()}};
  if (is_stored) task.identity = task.name + " 1";
  task.body = [mark = Value::of(Mark{}), has_output](const Values&, const Context&) -> Values {
    if (!has_output) return {};
    return {{"out", mark}};
  };
  return task;
}

Graph make_graph(const Campaign& campaign) {
  Graph graph;
  std::vector<TaskRef> tasks;
  for (int i = 0; i < campaign.tasks; ++i) {
    const bool feeds = campaign.shape == Shape::fan ? i == 0 : i + 1 < campaign.tasks;
    tasks.push_back(graph.add(empty_task(i, feeds, campaign.is_journalled)));
    if (i == 0) continue;
    const TaskRef& from = campaign.shape == Shape::fan ? tasks.front() : *(tasks.end() - 2);
    graph.connect(from.output("out"), tasks.back().input("in"));
  }
  return graph;
}

TargetSource many(const Graph& graph, int targets) {
  const InputRef input = graph.task("t0").input("in");
  return [=, next = 0]() mutable -> std::optional<Target> {
    if (next == targets) return std::nullopt;
    Target target;
    target.name = "P" + std::to_string(next);
    target.inputs.push_back({input, std::int64_t{next++}});
    return target;
  };
}

void check(const Run& run, const Campaign& campaign) {
  const auto outcomes = run.outcomes();
  const bool is_good = std::ranges::all_of(outcomes, [](const auto& one) {
    return one.is_good() && one.worst().state == State::done;
  });
  if (std::ssize(outcomes) != campaign.targets || !is_good)
    throw std::runtime_error("a run of empty tasks did not end well.");
}

/// A folder that rank 0 makes and all ranks know. Collective.
class SharedFolder {
 public:
  explicit SharedFolder(int rank) : rank_(rank) {
    std::array<char, 256> path{};
    const auto wanted = std::filesystem::temp_directory_path() / "foldstream-bench-XXXXXX";
    wanted.string().copy(path.data(), path.size() - 1);
    if (rank_ == 0 && mkdtemp(path.data()) == nullptr) path[0] = '\0';
    MPI_Bcast(path.data(), static_cast<int>(path.size()), MPI_BYTE, 0, MPI_COMM_WORLD);
    path_ = path.data();
    if (path_.empty()) throw std::runtime_error("cannot make a temporary folder.");
  }
  ~SharedFolder() {
    MPI_Barrier(MPI_COMM_WORLD);
    std::error_code ignored;
    if (rank_ == 0) std::filesystem::remove_all(path_, ignored);
  }
  SharedFolder(const SharedFolder&) = delete;
  SharedFolder& operator=(const SharedFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  const int rank_;
  std::filesystem::path path_;
};

Cost run_here(const mpi::Communicator& world, const Campaign& campaign, RunOptions options) {
  const Graph graph = make_graph(campaign);
  mpi::DistributedExecutor executor(world, {.threads = 1});
  options.keep_values = false;
  const double cpu_before = cpu_seconds();
  const auto began = Clock::now();
  Run run = executor.run_source(graph, many(graph, campaign.targets), std::move(options));
  run.wait();
  const Cost cost{seconds_since(began), cpu_seconds() - cpu_before};
  check(run, campaign);
  return cost;
}

/// Collective.
Cost run_once(const mpi::Communicator& world, const Campaign& campaign) {
  const SharedFolder folder(world.rank());
  RunOptions options;
  if (campaign.is_journalled)
    options.store = std::make_shared<io::RunStore>(folder.path() / "run", world.rank());
  const Cost own = run_here(world, campaign, std::move(options));
  Cost all;
  MPI_Allreduce(&own.seconds, &all.seconds, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  MPI_Allreduce(&own.cpu_seconds, &all.cpu_seconds, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  return all;
}

/// Median and best of some trials, and the processor time of the best.
void measure(std::vector<Bar>& bars, const mpi::Communicator& world, const std::string& name,
             const Campaign& campaign, int trials, std::optional<double> goal) {
  run_once(world, campaign);  // memory is fresh
  std::vector<Cost> costs;
  for (int i = 0; i < trials; ++i) costs.push_back(run_once(world, campaign));
  std::ranges::sort(costs, {}, &Cost::seconds);
  const auto total = static_cast<double>(campaign.total());
  const auto add = [&](const char* which, const Cost& cost) {
    bars.push_back({name + which, 1e-6 * total / cost.seconds, "M/s", goal, goal});
  };
  add(", median", costs[costs.size() / 2]);
  add(", best", costs.front());
  const double cpu = std::ranges::min(costs, {}, &Cost::cpu_seconds).cpu_seconds;
  bars.push_back({name + ", CPU of a task", 1e9 * cpu / total, "ns"});
}

}  // namespace

std::vector<Bar> dispatch_bars(const mpi::Communicator& world, bool quick) {
  const int hundred = quick ? 200 : 10'000;
  const int trials = quick ? 1 : 9;
  std::vector<Bar> bars;
  measure(bars, world, "chains of 100 tasks", {Shape::chain, 100, hundred}, trials, 1.5);
  measure(bars, world, "fans of 1 + 99 tasks", {Shape::fan, 100, hundred}, trials, 1.5);
  measure(bars, world, "targets of one task", {Shape::chain, 1, 10 * hundred}, trials,
          std::nullopt);
  measure(bars, world, "chains of 100, journalled", {Shape::chain, 100, hundred / 2, true}, trials,
          0.3);
  return bars;
}

}  // namespace foldstream::bench
