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

TEST(ThreadExecutor, HandsOverABatchThatIsFullAtOnce) {
  ThreadExecutor executor({.threads = 2});
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  Graph graph;
  graph.add(batched_task(journal, 4, 1000));

  auto run = executor.run_targets(
      graph, number_targets(graph, "square", {1, 4, 3, 6, 5, 7, 8, 10, 9, 11, 13, 15}));
  run.wait();

  EXPECT_THAT(journal.lines(), testing::UnorderedElementsAre("batch odd 4", "batch odd 4",
                                                             "batch even 4"));
}

TEST(ThreadExecutor, HandsOverIncompleteBatchesOfACancelledRun) {
  ThreadExecutor executor({.threads = 2});
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  const Graph graph = chain(double_task(journal), batched_task(journal, 100, 1000));
  auto run = executor.run_targets(graph, number_targets(graph, "double", {2, 3}));
  EXPECT_TRUE(eventually([&] { return journal.lines().size() == 2; }));

  run.cancel();
  run.wait();

  for (const TargetOutcome& outcome : run.outcomes())
    EXPECT_EQ(states(outcome), "done cancelled");
}

/// Takes 0.6 s of the 1 s that it may, and fails at all attempts but the last.
Task timed_task(const Journal& journal, int good) {
  Task task = number_task(journal, "timed", {"x"}, [good](const Values&, const Context& context) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(600);
    eventually([&] {
      return context.stop.stop_requested() || std::chrono::steady_clock::now() > end;
    });
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

/// Something that bodies hold, of which there is a limit.
class Held {
 public:
  explicit Held(int limit) : limit_(limit) {}
  void add(int amount) {
    if ((now_ += amount) > limit_) is_exceeded_ = true;
  }
  bool is_exceeded() const { return is_exceeded_; }

 private:
  const int limit_;
  std::atomic<int> now_ = 0;
  std::atomic<bool> is_exceeded_ = false;
};

/// What bodies hold of an executor with 100 bytes, two devices, 3 licences and 8 threads.
struct Holdings {
  Held threads{8}, bytes{100}, licences{3}, first{80}, second{40};

  Held& device(const Context& context) { return context.device == "cuda:0" ? first : second; }
  bool is_exceeded() const {
    return threads.is_exceeded() || bytes.is_exceeded() || licences.is_exceeded() ||
           first.is_exceeded() || second.is_exceeded();
  }
};

/// A task of random needs that holds them while it runs.
Task holding_task(const Journal& journal, const std::string& name, std::mt19937& random,
                  Holdings& holdings) {
  const int bytes = static_cast<int>(random() % 101);
  const int device_bytes = static_cast<int>(random() % 4) * 10;
  const int licences = static_cast<int>(random() % 4);
  Task task = number_task(journal, name, {"x"}, [=, &holdings](const Values&, const Context& context) {
    const auto hold = [&](int sign) {
      holdings.threads.add(sign * context.threads);
      holdings.bytes.add(sign * bytes);
      holdings.licences.add(sign * licences);
      if (!context.device.empty()) holdings.device(context).add(sign * device_bytes);
    };
    hold(1);
    std::this_thread::yield();
    hold(-1);
    return 0.0;
  });
  task.max_threads = static_cast<int>(random() % 3) + 1;
  task.cost = [=](const Magnitudes&) {
    return Cost{1, static_cast<std::uint64_t>(bytes), 0, static_cast<std::uint64_t>(device_bytes)};
  };
  task.needs.tokens = {{"licence", licences}};
  if (device_bytes > 0) task.needs.device = "cuda";
  return task;
}

/// Runs 40 such tasks for each of three targets. @returns whether they held too much.
bool held_too_much(unsigned seed, const Journal& journal) {
  std::mt19937 random(seed);
  Holdings holdings;
  Graph graph;
  Target target;
  for (int i = 0; i < 40; ++i) {
    const TaskRef task = graph.add(holding_task(journal, std::to_string(i), random, holdings));
    target.inputs.push_back({task.input("x"), Number{0}});
  }
  ThreadExecutor executor({.threads = 8,
                           .memory_bytes = 100,
                           .devices = {{"cuda", "cuda:0", 80}, {"cuda", "cuda:1", 40}},
                           .tokens = {{"licence", 3}},
                           .disorder = seed});
  auto run = executor.run_targets(graph, {target, target, target});
  run.wait();
  for (const TargetOutcome& outcome : run.outcomes()) EXPECT_TRUE(outcome.is_good());
  return holdings.is_exceeded();
}

TEST(ThreadExecutor, NeverLetsBodiesHoldMoreThanThereIs) {
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");

  for (unsigned seed = 1; seed <= 50; ++seed)
    EXPECT_FALSE(held_too_much(seed, journal)) << "seed " << seed;
}

TEST(ThreadExecutor, RefusesANegativeNumberOfThreads) {
  expect_error(ErrorKind::InvalidArgument, "cannot have -1 threads",
               [] { ThreadExecutor executor({.threads = -1}); });
}

}  // namespace
}  // namespace foldstream::test
