// Streams from pretend ranks of one role to those of another.
#include "mpi/stream_run.hpp"

#include <foldstream/io/run_store.hpp>
#include <foldstream/mpi/rehearsal.hpp>

#include <atomic>
#include <fstream>

namespace foldstream::test {
namespace {

mpi::DistributedExecutorOptions of_role(const std::string& role) {
  mpi::DistributedExecutorOptions options;
  options.threads = 1;
  options.roles = {role};
  return options;
}

std::string digest_of(Run& run, const Graph& graph, int target = 0) {
  return run.get<std::string>(graph.task("consume").output("digest"), target);
}

TEST(RoleStreams, AConsumerReadsWhileTheProducerRunsOnAnotherRank) {
  std::atomic<int> seen = 0;
  StreamRun run;
  run.before = [&](int chunk, const Context&) {
    if (chunk == 10) {
      EXPECT_TRUE(eventually([&] { return seen >= 5; }));
    }
  };
  run.after = [&](int, const Context&) { ++seen; };
  const Graph graph = stream_graph(run);

  mpi::RehearsalExecutor executor({of_role("produce"), of_role("consume")});
  auto started = executor.run_targets(graph, number_targets(graph, "produce", {3}),
                                      {.store = std::make_shared<MemoryStore>()});

  EXPECT_EQ(digest_of(started, graph), stream_digest(run, 3));
}

TEST(RoleStreams, ManyStreamsReachTheirReaders) {
  StreamRun run;
  run.rows = 2000;  // larger than what goes eagerly
  const Graph graph = stream_graph(run);
  std::vector<double> numbers;
  for (int i = 0; i < 24; ++i) numbers.push_back(i);

  mpi::RehearsalExecutor executor(
      {of_role("produce"), of_role("consume"), of_role("produce"), of_role("consume")});
  auto started = executor.run_targets(graph, number_targets(graph, "produce", numbers),
                                      {.store = std::make_shared<MemoryStore>()});

  for (int i = 0; i < 24; ++i) EXPECT_EQ(digest_of(started, graph, i), stream_digest(run, i));
}

TEST(RoleStreams, AFailedProducerMakesItsReaderSkip) {
  StreamRun run;
  run.before = [](int chunk, const Context&) {
    if (chunk == 7) throw Error(ErrorKind::InvalidArgument, "no more rows.");
  };
  const Graph graph = stream_graph(run);

  mpi::RehearsalExecutor executor({of_role("produce"), of_role("consume")});
  auto started = executor.run_targets(graph, number_targets(graph, "produce", {3}),
                                      {.store = std::make_shared<MemoryStore>()});
  started.wait();

  EXPECT_EQ(states(started.outcomes().at(0)), "failed skipped");
}

/// Changes a byte of the stored chunk.
void damage(const std::filesystem::path& file, const Tensor& chunk) {
  std::string text = read_text(file);
  const auto raw = chunk.raw();
  const std::size_t at = text.find({reinterpret_cast<const char*>(raw.data()), raw.size()});
  ASSERT_NE(at, std::string::npos);
  text[at + 5] ^= 1;
  std::ofstream(file, std::ios::binary) << text;
}

// A stored stream that is damaged was asked for again from the rank that found it stored, which has no
// more of it than the reader's rank: the target failed in every run.
TEST(RoleStreams, AStoredOneThatIsDamagedIsMadeAgain) {
  const TemporaryFolder folder;
  const StreamRun run;
  Graph only;
  only.add(producer_task(run));
  {
    // an executor of its own: it holds the run, and with it the folder, until it ends
    mpi::RehearsalExecutor executor({of_role("produce"), of_role("consume")});
    executor
        .run_targets(only, number_targets(only, "produce", {3}),
                     {.store = std::make_shared<io::RunStore>(folder.path(), 0)})
        .wait();
  }
  damage(folder.path() / "ranks" / "r0000-s0.h5", chunk_of(3003, run.rows));

  const Graph graph = stream_graph(run);
  mpi::RehearsalExecutor executor({of_role("produce"), of_role("consume")});
  auto started =
      executor.run_targets(graph, number_targets(graph, "produce", {3}),
                           {.store = std::make_shared<io::RunStore>(folder.path(), 0)});

  EXPECT_EQ(digest_of(started, graph), stream_digest(run, 3));
}

TEST(RoleStreams, NeedAStoreThatKeepsThem) {
  const Graph graph = stream_graph({});
  mpi::RehearsalExecutor executor({of_role("produce"), of_role("consume")});

  expect_error(ErrorKind::Unsupported, "stream 'produce.rows' goes to ranks of another role", [&] {
    static_cast<void>(executor.run_targets(graph, number_targets(graph, "produce", {3})));
  });
}

}  // namespace
}  // namespace foldstream::test
