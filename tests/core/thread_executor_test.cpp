// ThreadExecutor keeps the executor contract, and what only threads of one process can promise.
#include "core/executor_contract.hpp"

#include <foldstream/thread_executor.hpp>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <latch>

namespace foldstream::test {
namespace {

ExecutorCase on_threads(int threads) {
  return local_case(std::to_string(threads), threads, [threads](std::uint64_t memory_bytes) {
    return std::make_unique<ThreadExecutor>(
        ThreadExecutorOptions{.threads = threads, .memory_bytes = memory_bytes});
  });
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

TEST(ThreadExecutor, RetriesNoOftenerThanTheRunMay) {
  ThreadExecutor executor({.threads = 4});
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  const Graph graph = chain(flaky_task(journal, ErrorKind::Io, 9), add_one_task(journal));

  auto run = executor.run_targets(graph, number_targets(graph, "flaky", {1, 2, 3, 4}),
                                  {.retries_per_cause = 3});
  run.wait();

  EXPECT_EQ(journal.lines().size(), 4 + 3);
  for (const TargetOutcome& outcome : run.outcomes()) EXPECT_EQ(states(outcome), "failed skipped");
}

/// Adds a task that ends once the latch has been counted down.
void add_gate(Graph& graph, std::latch& latch) {
  Task gate;
  gate.name = "gate";
  gate.body = [&latch](const Values&, const Context&) {
    EXPECT_TRUE(eventually([&] { return latch.try_wait(); }));
    return Values();
  };
  graph.add(std::move(gate));
}

/// Counts the latch down when it has given all targets.
TargetSource counting_source(std::vector<Target> targets, std::latch& latch) {
  return [targets = std::move(targets), &latch, next = std::size_t{0}]() mutable {
    if (next == targets.size()) latch.count_down();
    return next < targets.size() ? std::optional(targets[next++]) : std::nullopt;
  };
}

TEST(ThreadExecutor, HandsOverABatchWhenItIsFull) {
  ThreadExecutor executor({.threads = 2});
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  Graph graph;
  graph.add(batched_task(journal, 4, 1000));
  const auto targets = number_targets(graph, "square", {1, 4, 3, 6, 5, 7, 8, 10, 9, 11, 13, 15});
  std::latch all_given(1);
  add_gate(graph, all_given);  // while something runs, a batch that is not full waits

  executor.run_source(graph, counting_source(targets, all_given), {}).wait();

  EXPECT_THAT(journal.lines(),
              testing::UnorderedElementsAre("batch odd 4", "batch odd 4", "batch even 4"));
}

TEST(ThreadExecutor, ACancelledRunDoesNotWaitForItsBatches) {
  ThreadExecutor executor({.threads = 2});
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  Graph graph = chain(double_task(journal), batched_task(journal, 100, 1000));
  graph.add(endless_task(journal));
  Target target = number_target(graph, "double", 2);
  target.inputs.push_back({graph.task("ended").input("x"), Number{0}});
  auto run = executor.run_targets(graph, {target});
  EXPECT_TRUE(eventually([&] { return journal.lines().size() == 2; }));

  run.cancel();
  run.wait();

  EXPECT_EQ(states(run.outcomes().at(0)), "done cancelled cancelled");
}

TEST(ThreadExecutor, BatchesMayJoinElementsOfSeveralLists) {
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  const Graph graph =
      mapping(chain(double_task(journal), batched_task(journal, 3, 1e-3)), "double", "square");
  const std::vector<Target> targets(8, list_target(graph, {2, 3, 4, 5, 6}));

  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ThreadExecutor executor({.threads = 8, .disorder = seed});
    auto run = executor.run_targets(graph, targets, {.keep_values = false});
    run.wait();

    for (const TargetOutcome& outcome : run.outcomes()) EXPECT_EQ(states(outcome), "done");
  }
  EXPECT_EQ(members_of(journal.lines()), 20 * 8 * 5);
}

/// Takes 0.6 s of the 1 s that it may, and fails at all attempts but the last.
Task timed_task(const Journal& journal, int good) {
  Task task = number_task(journal, "timed", {"x"}, [good](const Values&, const Context& context) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(600);
    eventually(
        [&] { return context.stop.stop_requested() || std::chrono::steady_clock::now() > end; });
    context.check_cancelled();
    if (context.attempt < good) throw Error(ErrorKind::Io, "not yet.");
    return 1.0;
  });
  task.timeout_seconds = 1;
  task.retry.backoff_seconds = 1e-3;
  return task;
}

TEST(ThreadExecutor, ATimeoutIsThatOfOneAttempt) {
  ThreadExecutor executor({.threads = 1});
  const TemporaryFolder folder;
  Graph graph;
  graph.add(timed_task(Journal(folder.path() / "calls"), 2));

  auto run = executor.run_targets(graph, number_targets(graph, "timed", {1}));
  run.wait();

  EXPECT_EQ(states(run.outcomes().at(0)), "done") << run.outcomes()[0].worst().message;
}

TEST(ThreadExecutor, ATimeoutIsThatOfOneTarget) {
  ThreadExecutor executor({.threads = 1});
  const TemporaryFolder folder;
  Graph graph;
  graph.add(timed_task(Journal(folder.path() / "calls"), 1));

  auto run = executor.run_targets(graph, number_targets(graph, "timed", {1, 2, 3}),
                                  {.keep_values = false, .window = 1});
  run.wait();

  for (const TargetOutcome& outcome : run.outcomes())
    EXPECT_EQ(states(outcome), "done") << outcome.worst().message;
}

TEST(ThreadExecutor, RefusesANegativeNumberOfThreads) {
  expect_error(ErrorKind::InvalidArgument, "cannot have -1 threads",
               [] { ThreadExecutor executor({.threads = -1}); });
}

/// A store that may be looked up only.
class ReadOnlyStore final : public Store {
 public:
  bool contains(const Key&) const override { return false; }
  std::optional<StoredTask> load(const Key&) override { return std::nullopt; }
  bool is_writable() const override { return false; }
  void save(const Key&, const StoredTask&) override { ADD_FAILURE() << "it was written to"; }
};

TEST(ThreadExecutor, KeepsNothingInAStoreThatIsNotWritable) {
  ThreadExecutor executor({.threads = 1});
  const TemporaryFolder folder;
  Task task = double_task(Journal(folder.path() / "calls"));
  task.keeps_parts = true;
  task.body = [body = task.body](const Values& inputs, const Context& context) {
    EXPECT_FALSE(context.keep);
    EXPECT_TRUE(context.earlier);
    return body(inputs, context);
  };
  Graph graph;
  graph.add(std::move(task));

  auto run = executor.run_targets(graph, number_targets(graph, "double", {3}),
                                  {.store = std::make_shared<ReadOnlyStore>()});
  run.wait();

  EXPECT_EQ(states(run.outcomes().at(0)), "done");
}

/// Wants to hear of the ends of targets only.
class Picky final : public Observer {
 public:
  void notify(const Event& event) override { heard.push_back(event.what); }
  bool wants(Event::What what) const override { return what == Event::What::target_ended; }
  std::vector<Event::What> heard;
};

TEST(ThreadExecutor, TellsAnObserverOnlyWhatItWants) {
  ThreadExecutor executor({.threads = 2});
  const TemporaryFolder folder;
  const auto picky = std::make_shared<Picky>();
  Graph graph;
  graph.add(double_task(Journal(folder.path() / "calls")));

  executor.run_targets(graph, number_targets(graph, "double", {1, 2}), {.observer = picky}).wait();

  EXPECT_THAT(picky->heard, testing::ElementsAre(Event::What::target_ended,
                                                 Event::What::target_ended));
}

TEST(ThreadExecutor, HandsOverTheOutcomesOfATargetThatHasEnded) {
  ThreadExecutor executor({.threads = 1});
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  std::vector<TargetOutcome> ended;
  const Graph graph = chain(double_task(journal), add_one_task(journal));

  executor
      .run_targets(graph, number_targets(graph, "double", {1, 2}),
                   {.on_ended = [&](TargetOutcome one) { ended.push_back(std::move(one)); }})
      .wait();

  ASSERT_EQ(ended.size(), 2U);
  EXPECT_EQ(ended[1].index, 1);
  EXPECT_EQ(states(ended[1]), "done done");
}

}  // namespace
}  // namespace foldstream::test
