// The executor contract on the ranks of an MPI job.
#include "core/executor_contract.hpp"
#include "mpi/file_store.hpp"
#include "mpi/rank_main.hpp"
#include "mpi/world.hpp"

#include <foldstream/mpi/distributed_executor.hpp>

namespace foldstream::test {
namespace {

ExecutorCase on_ranks(int threads) {
  return {
      .name = std::to_string(threads) + "_threads",
      .threads = threads,
      .ranks = world_size(),
      .rank = world_rank(),
      .make =
          [=](std::uint64_t memory_bytes) {
            return std::make_unique<mpi::DistributedExecutor>(
                mpi::wrap(MPI_COMM_WORLD),
                mpi::DistributedExecutorOptions{threads, memory_bytes, 16, 30, 30});
          },
      .make_store = [] { return std::make_shared<FileStore>(shared_test_folder()); },
      .make_folder = shared_test_folder,
      .runs_two_of_a_target = threads >= 2,
  };
}

/// Called when MPI runs: GoogleTest makes parameters in its initialisation, not before main.
std::vector<ExecutorCase> cases() { return {on_ranks(1), on_ranks(2)}; }

INSTANTIATE_TEST_SUITE_P(Ranks, ExecutorContract, testing::ValuesIn(cases()), case_name);

TEST(DistributedExecutor, SpreadsTargetsThatWaitForEachOther) {
  const Journal journal(shared_test_folder() / "calls");
  Graph graph;
  graph.add(number_task(journal, "meet", {"x"}, [&](const Values& in, const Context&) {
    journal.write("here");
    const auto all_here = [&] { return std::ssize(journal.lines()) >= world_size(); };
    return eventually(all_here) ? number(in, "x") : -1.0;
  }));
  std::vector<double> numbers(static_cast<std::size_t>(world_size()), 1.0);

  mpi::DistributedExecutor executor(mpi::wrap(MPI_COMM_WORLD), {.threads = 1});
  auto run = executor.run_targets(graph, number_targets(graph, "meet", numbers));
  run.wait();

  EXPECT_EQ(std::ssize(run.outcomes()), world_size());
  for (const TargetOutcome& outcome : run.outcomes()) EXPECT_EQ(states(outcome), "done");
}

TEST(DistributedExecutor, ALargeFailureTextReachesEveryRank) {
  const Journal journal(shared_test_folder() / "calls");
  Graph graph;
  graph.add(number_task(journal, "wordy", {"x"}, [](const Values&, const Context&) -> double {
    throw Error(ErrorKind::Task, std::string(100'000, 'w'));
  }));

  mpi::DistributedExecutor executor(mpi::wrap(MPI_COMM_WORLD), {.threads = 1});
  auto run = executor.run_targets(graph, number_targets(graph, "wordy", std::vector(40, 1.0)));
  run.wait();

  ASSERT_EQ(run.outcomes().size(), 40);
  for (const TargetOutcome& outcome : run.outcomes())
    EXPECT_EQ(outcome.worst().message.size(), 100'000);
}

}  // namespace
}  // namespace foldstream::test
