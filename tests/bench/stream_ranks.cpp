#include "rank_pair.hpp"
#include "stream.hpp"

#include <foldstream/error.hpp>
#include <foldstream/mpi/distributed_executor.hpp>
#include <foldstream/mpi/native.hpp>
#include <foldstream/mpi/session.hpp>

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <new>
#include <stdexcept>

namespace foldstream::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr int most_chunks = 1024;
constexpr double patience = 60;  // s

double now() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

/// Memory that both ranks see, to tell times and to take turns; both read the same clock.
struct Page {
  std::atomic<int> received = -1;  ///< chunks; negative: the consumer has not begun
  std::atomic<double> ended = 0;   ///< when the last chunk had come
  std::array<double, most_chunks> appended{};
  std::array<double, most_chunks> came{};
};

/// Collective.
class SharedPage {
 public:
  explicit SharedPage(int rank) {
    void* memory = nullptr;
    MPI_Win_allocate_shared(rank == 0 ? sizeof(Page) : 0, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &memory,
                            &window_);
    MPI_Aint size = 0;
    int unit = 0;
    MPI_Win_shared_query(window_, 0, &size, &unit, &memory);
    page_ = rank == 0 ? new (memory) Page : static_cast<Page*>(memory);
  }
  ~SharedPage() { MPI_Win_free(&window_); }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;
  Page& operator*() { return *page_; }

 private:
  MPI_Win window_ = MPI_WIN_NULL;
  Page* page_ = nullptr;
};

/// One stream from rank 0 to rank 1.
struct Flow {
  std::size_t bytes = mebibyte;  ///< of a chunk
  int chunks = 100;
  bool takes_turns = false;  ///< a chunk is given when the one before it has come
};

/// @throws Error{Communication} naming the consumer.
void wait_received(const Page& page, int chunks) {
  const double deadline = now() + patience;
  while (page.received < chunks) {
    if (now() > deadline)
      throw Error(ErrorKind::Communication, "the consumer on rank 1 has not read chunk " +
                                                std::to_string(chunks - 1) + " for a minute.");
    usleep(10);
  }
}

Task producer(const Flow& flow, Page& page) {
  Task task;
  task.name = "make";
  task.role = "make";
  task.identity = "make 1";
  task.outputs = {{"out", PortType::of<Stream>()}};
  task.body = [flow, &page](const Values&, const Context& context) -> Values {
    const auto size = static_cast<std::int64_t>(flow.bytes);
    std::array<Tensor, 8> tensors;
    for (Tensor& tensor : tensors) tensor = Tensor(DType::u8, {1, size});
    const auto writer = context.open_stream("out", {DType::u8, {size}, "1", {}});
    wait_received(page, 0);
    for (int i = 0; i < flow.chunks; ++i) {
      if (flow.takes_turns) wait_received(page, i);
      page.appended[static_cast<std::size_t>(i)] = now();
      writer->append(tensors[static_cast<std::size_t>(i) % tensors.size()]);
    }
    return {};
  };
  return task;
}

Task consumer(Page& page) {
  Task task;
  task.name = "use";
  task.role = "use";
  task.identity = "use 1";
  task.inputs = {{"in", PortType::of<Stream>()}};
  task.body = [&page](const Values& inputs, const Context& context) -> Values {
    const auto reader = context.read_stream(inputs.at("in").as<Stream>());
    page.received = 0;
    for (int i = 0; const auto chunk = reader->next(); ++i) {
      page.came[static_cast<std::size_t>(i)] = now();
      page.received = i + 1;
    }
    return {};
  };
  return task;
}

/// Collective.
void run(const mpi::Communicator& world, const Flow& flow, Page& page) {
  MPI_Barrier(MPI_COMM_WORLD);
  if (world.rank() == 0) page.received = -1;
  MPI_Barrier(MPI_COMM_WORLD);
  Graph graph;
  const TaskRef from = graph.add(producer(flow, page)), to = graph.add(consumer(page));
  graph.connect(from.output("out"), to.input("in"));
  {
    mpi::DistributedExecutor executor(
        world, {.threads = 1, .roles = {world.rank() == 0 ? "make" : "use"}});
    Run run = executor.run(graph, {}, {.store = std::make_shared<MemoryStore>()});
    run.wait();
    if (!run.outcomes().front().is_good())
      throw std::runtime_error(run.outcomes().front().worst().message);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  if (page.received != flow.chunks) throw std::runtime_error("a stream has lost chunks.");
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Seconds from append to next. Collective.
double latency(const mpi::Communicator& world, Page& page, int rounds) {
  run(world, {mebibyte, rounds, true}, page);
  std::vector<double> seconds;
  for (std::size_t i = 1; i < static_cast<std::size_t>(rounds); ++i)
    seconds.push_back(page.came[i] - page.appended[i]);
  return median(seconds);
}

/// Bytes a second. Collective.
double bandwidth(const mpi::Communicator& world, Page& page, std::size_t bytes, int chunks) {
  run(world, {bytes, chunks, false}, page);
  const double seconds = page.came[static_cast<std::size_t>(chunks) - 1] - page.appended[0];
  return static_cast<double>(bytes) * chunks / seconds;
}

struct Measure {
  std::string name;
  std::string unit;
  double scale;
  std::function<double()> ours;
  std::function<double()> raw;
  bool at_most;
  double goal_ratio;
};

/// Medians and best of trials that take turns. Collective.
void compare(std::vector<Bar>& bars, const Measure& measure, int trials) {
  std::vector<double> own, raw;
  for (int trial = -1; trial < trials; ++trial) {
    const double raw_value = measure.raw() * measure.scale, value = measure.ours() * measure.scale;
    if (trial < 0) continue;  // memory is fresh
    raw.push_back(raw_value);
    own.push_back(value);
  }
  const auto add = [&](const char* which, double value, double raw_value) {
    const double goal = measure.goal_ratio * raw_value;
    bars.push_back({measure.name + which, value, measure.unit, goal, goal, measure.at_most,
                    "raw MPI", raw_value});
  };
  const auto best = [&](const std::vector<double>& values) {
    return measure.at_most ? std::ranges::min(values) : std::ranges::max(values);
  };
  add(", median", median(own), median(raw));
  add(", best", best(own), best(raw));
}

}  // namespace

std::vector<Bar> rank_bars(bool quick) {
  const mpi::Session session;
  const auto world = mpi::Communicator::world(session);
  if (world.size() != 2)
    throw Error(ErrorKind::InvalidArgument, "the area 'stream' needs 2 ranks, not " +
                                                std::to_string(world.size()) +
                                                ". Say mpirun -n 2 foldstream-bench stream.");
  SharedPage page(world.rank());
  const auto raw = raw_mpi();
  const int rounds = quick ? 10 : 100;
  std::vector<Bar> bars;
  compare(bars,
          {"1 MiB chunk to another rank (goal 1.2 x raw)", "us", 1e6,
           [&] { return latency(world, *page, rounds); },
           [&] { return raw->latency(mebibyte, rounds); }, true, 1.2},
          quick ? 1 : 11);
  for (const int size : {1, 8}) {
    const std::size_t bytes = static_cast<std::size_t>(size) * mebibyte;
    const int chunks = (quick ? 64 : 512) / size;
    compare(bars,
            {fmt::format("{} MiB chunks to another rank (goal 0.85 x raw)", size), "GB/s", 1e-9,
             [&, bytes, chunks] { return bandwidth(world, *page, bytes, chunks); },
             [&, bytes, chunks] { return raw->bandwidth(bytes, chunks); }, false, 0.85},
            quick ? 1 : 11);
  }
  if (world.rank() != 0) bars.clear();
  return bars;
}

}  // namespace foldstream::bench
