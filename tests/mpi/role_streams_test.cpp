// Streams from pretend ranks of one role to those of another.
#include "mpi/stream_run.hpp"

#include <foldstream/mpi/rehearsal.hpp>

#include <atomic>

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

TEST(RoleStreams, NeedAStoreThatKeepsThem) {
  const Graph graph = stream_graph({});
  mpi::RehearsalExecutor executor({of_role("produce"), of_role("consume")});

  expect_error(ErrorKind::Unsupported, "stream 'produce.rows' goes to ranks of another role", [&] {
    static_cast<void>(executor.run_targets(graph, number_targets(graph, "produce", {3})));
  });
}

}  // namespace
}  // namespace foldstream::test
