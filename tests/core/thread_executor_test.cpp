// ThreadExecutor keeps the executor contract, and what only threads of one process can promise.
#include "core/executor_contract.hpp"

#include <foldstream/thread_executor.hpp>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <latch>

namespace foldstream::test {
namespace {

ExecutorCase on_threads(int threads) {
  const auto folders = std::make_shared<std::vector<std::unique_ptr<TemporaryFolder>>>();
  return {
      .name = std::to_string(threads),
      .threads = threads,
      .make =
          [threads](std::uint64_t memory_bytes) {
            return std::make_unique<ThreadExecutor>(
                ThreadExecutorOptions{.threads = threads, .memory_bytes = memory_bytes});
          },
      .make_store = [] { return std::make_shared<MemoryStore>(); },
      .make_folder =
          [folders] { return folders->emplace_back(std::make_unique<TemporaryFolder>())->path(); },
  };
}

INSTANTIATE_TEST_SUITE_P(Threads, ExecutorContract,
                         testing::Values(on_threads(1), on_threads(2), on_threads(8)), case_name);

/// Whether `threads` bodies of `executor` were seen to run at the same time.
bool run_together(Executor& executor, int threads) {
  std::latch all(threads);
  const TemporaryFolder folder;
  Graph graph;
  graph.add(number_task(Journal(folder.path() / "calls"), "meet", {"x"},
                        [&](const Values&, const Context&) {
                          all.count_down();
                          if (!eventually([&] { return all.try_wait(); }))
                            throw Error(ErrorKind::Task, "the others did not come.");
                          return 0.0;
                        }));
  const std::vector<double> numbers(static_cast<std::size_t>(threads), 1.0);
  auto run = executor.run_targets(graph, number_targets(graph, "meet", numbers));
  run.wait();
  return std::ranges::all_of(run.outcomes(), &TargetOutcome::is_good);
}

TEST(ThreadExecutor, RunsAsManyBodiesAtOnceAsItHasThreads) {
  ThreadExecutor executor({.threads = 8});

  EXPECT_TRUE(run_together(executor, 8));
}

TEST(ThreadExecutor, DoesSoBesideASmallerExecutor) {
  ThreadExecutor small({.threads = 2});
  ThreadExecutor large({.threads = 8});

  EXPECT_TRUE(run_together(large, 8));
  EXPECT_TRUE(run_together(small, 2));
}

TEST(ThreadExecutor, DoesSoInAHostThatHoldsAndLimitsOneTbb) {
  using oneapi::tbb::global_control;
  const global_control limit(global_control::max_allowed_parallelism, 2);
  oneapi::tbb::task_arena arena(2);
  arena.initialize();
  ThreadExecutor executor({.threads = 8});

  EXPECT_TRUE(arena.execute([&] { return run_together(executor, 8); }));
  EXPECT_EQ(global_control::active_value(global_control::max_allowed_parallelism), 2);
}

TEST(ThreadExecutor, BoundsOneTbbInABodyByItsGrant) {
  ThreadExecutor executor({.threads = 8});
  const TemporaryFolder folder;
  Graph graph;
  graph.add(number_task(Journal(folder.path() / "calls"), "width", {"x"},
                        [](const Values&, const Context& context) {
                          EXPECT_EQ(context.threads, 1);
                          return oneapi::tbb::this_task_arena::max_concurrency();
                        }));

  auto run = executor.run(graph, {{graph.task("width").input("x"), Number{0}}});

  EXPECT_EQ(run.get<Number>(graph.task("width").output("y")).value, 1);
}

TEST(ThreadExecutor, RefusesATargetIndexThatCameBefore) {
  ThreadExecutor executor({.threads = 2});
  const TemporaryFolder folder;
  Graph graph;
  graph.add(double_task(Journal(folder.path() / "calls")));
  const auto source = [&]() -> std::optional<Target> {
    Target target = number_target(graph, "double", 1);
    target.index = 5;
    return target;
  };

  auto run = executor.run_source(graph, source, {});

  expect_error(ErrorKind::InvalidArgument, "two targets the index 5", [&] { run.wait(); });
  EXPECT_EQ(run.outcomes().size(), 1);
}

TEST(ThreadExecutor, GivesAValueWhoseStoredBytesAreDamaged) {
  ThreadExecutor executor({.threads = 2});
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  const auto store = std::make_shared<FaultyStore>(std::make_shared<MemoryStore>());
  executor.run_targets(graph, number_targets(graph, "double", {3}), {.store = store}).wait();
  store->damaged_task = "add_one";

  auto run = executor.run_targets(graph, number_targets(graph, "double", {3}), {.store = store});

  EXPECT_EQ(run.get<Number>(graph.task("add_one").output("y")).value, 7);
  EXPECT_EQ(states(run.outcomes().at(0)), "reused reused");
}

TEST(ThreadExecutor, ForgetsValuesItNeedNotKeep) {
  ThreadExecutor executor({.threads = 2});
  const TemporaryFolder folder;
  Graph graph;
  graph.add(double_task(Journal(folder.path() / "calls")));
  auto run =
      executor.run_targets(graph, number_targets(graph, "double", {3}), {.keep_values = false});

  expect_error(ErrorKind::NotFound, "double.y was not kept",
               [&] { run.get<Number>(graph.task("double").output("y")); });
}

TEST(ThreadExecutor, StopCallbacksOfABodyMayAskTheRun) {
  ThreadExecutor executor({.threads = 1});
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  std::atomic<const foldstream::Run*> handle = nullptr;
  Graph graph;
  graph.add(number_task(journal, "asks", {"x"}, [&](const Values&, const Context& context) {
    const std::stop_callback ask(context.stop, [&] { handle.load()->outcomes(); });
    journal.write("begun");
    eventually([&] { return context.stop.stop_requested(); });
    return 0.0;
  }));
  auto run = executor.run_targets(graph, number_targets(graph, "asks", {1}));
  handle = &run;
  EXPECT_TRUE(eventually([&] { return !journal.lines().empty(); }));

  run.cancel();
  run.wait();

  EXPECT_TRUE(run.is_finished());
}

TEST(ThreadExecutor, RefusesANegativeNumberOfThreads) {
  expect_error(ErrorKind::InvalidArgument, "cannot have -1 threads",
               [] { ThreadExecutor executor({.threads = -1}); });
}

}  // namespace
}  // namespace foldstream::test
