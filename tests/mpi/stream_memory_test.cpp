// A stream far larger than its window, from rank to rank and within one: the same bytes in the same
// order, and never much more memory than was declared.
#include "core/contract_case.hpp"
#include "mpi/rank_main.hpp"
#include "mpi/world.hpp"
#include "peak_memory.hpp"

#include <foldstream/io/run_store.hpp>
#include <foldstream/mpi/distributed_executor.hpp>

#include <fstream>

namespace foldstream::test {
namespace {

namespace fs = std::filesystem;

constexpr int chunks = 400;
constexpr std::int64_t floats = 1 << 18;  // 1 MiB a chunk
constexpr std::uint64_t window = std::uint64_t{32} << 20U;
constexpr std::uint64_t slack = std::uint64_t{64} << 20U;

Tensor chunk_of(int number) {
  Tensor chunk(DType::f32, {1, floats});
  const auto values = chunk.mutable_values<float>();
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(number) * 0.5F + static_cast<float>(i);
  return chunk;
}

std::string digest_with(const std::string& digest, const Tensor& chunk) {
  return to_string(key_of(digest + std::to_string(checksum_of(chunk))));
}

std::string expected_digest() {
  std::string digest;
  for (int i = 0; i < chunks; ++i) digest = digest_with(digest, chunk_of(i));
  return digest;
}

/// How far the process grew, at its highest, while `action` ran.
template <class Action>
std::uint64_t growth_during(const Action& action) {
  reset_peak();
  const std::uint64_t before = peak_bytes();  // just reset: what is resident now
  action();
  return peak_bytes() - before;
}

Task task_of(const std::string& name) {
  Task task;
  task.name = name;
  task.role = name;
  task.identity = name + " 1";
  return task;
}

/// Appends its first chunk once the file `gate` is there, if it is to wait.
Task producer(const fs::path& gate) {
  Task task = task_of("produce");
  task.inputs = {{"x", PortType::of<Number>()}};
  task.outputs = {{"rows", PortType::of<Stream>()}};
  task.body = [gate](const Values&, const Context& context) -> Values {
    const auto writer = context.open_stream("rows", {DType::f32, {floats}});
    if (!gate.empty() && !eventually([&] { return fs::exists(gate); }))
      throw Error(ErrorKind::Internal, "the reader never began.");
    for (int i = 0; i < chunks; ++i) writer->append(chunk_of(i));
    return {};
  };
  return task;
}

Task consumer(const fs::path& gate) {
  Task task = task_of("consume");
  task.inputs = {{"rows", PortType::of<Stream>()}};
  task.outputs = {{"digest", PortType::of<std::string>()}};
  task.body = [gate](const Values& in, const Context& context) {
    const auto reader = context.read_stream(in.at("rows").as<Stream>());
    if (!gate.empty()) std::ofstream(gate) << "open";
    std::string digest;
    while (const auto chunk = reader->next()) digest = digest_with(digest, *chunk);
    return Values{{"digest", Value::of(digest)}};
  };
  return task;
}

Graph graph_of(bool has_consumer, const fs::path& gate = {}) {
  Graph graph;
  const TaskRef from = graph.add(producer(gate));
  if (!has_consumer) return graph;
  graph.connect(from.output("rows"), graph.add(consumer(gate)).input("rows"));
  return graph;
}

mpi::DistributedExecutor executor() {
  mpi::DistributedExecutorOptions options;
  options.threads = 2;
  options.window_bytes = window;
  if (world_size() > 1) options.roles = {world_rank() == 0 ? "produce" : "consume"};
  return mpi::DistributedExecutor(mpi::wrap(MPI_COMM_WORLD), options);
}

/// Runs the graph on all ranks; checks the memory of each.
/// @returns the digest of what was read, empty where nobody reads.
std::string digest_of_run(const Graph& graph, const fs::path& folder) {
  std::string digest;
  const std::uint64_t growth = growth_during([&] {
    mpi::DistributedExecutor ranks = executor();
    auto run = ranks.run_targets(graph, number_targets(graph, "produce", {1}),
                                 {.store = std::make_shared<io::RunStore>(folder, world_rank())});
    run.wait();
    if (graph.tasks().size() > 1)
      digest = run.get<std::string>(graph.task("consume").output("digest"), 0);
  });
  EXPECT_LE(growth, window + slack);
  std::cout << "rank " << world_rank() << " grew by " << (growth >> 20U) << " MiB" << std::endl;
  return digest;
}

TEST(StreamMemory, IsBoundedWhereTheConsumerBeginsWithTheProducer) {
  EXPECT_EQ(digest_of_run(graph_of(true), shared_test_folder()), expected_digest());
}

TEST(StreamMemory, IsBoundedWhereTheConsumerWaitsForTheFirstChunk) {
  const fs::path folder = shared_test_folder();

  EXPECT_EQ(digest_of_run(graph_of(true, folder / "gate"), folder / "run"), expected_digest());
}

TEST(StreamMemory, IsBoundedWhereTheConsumerReadsOnlyFiles) {
  const fs::path folder = shared_test_folder();

  EXPECT_EQ(digest_of_run(graph_of(false), folder), "");
  EXPECT_EQ(digest_of_run(graph_of(true), folder), expected_digest());
}

}  // namespace
}  // namespace foldstream::test
