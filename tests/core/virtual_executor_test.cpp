// VirtualExecutor keeps the executor contract where no two bodies must run at once, and foretells
// how long known graphs take.
#include "core/executor_contract.hpp"

#include <foldstream/virtual_executor.hpp>

namespace foldstream::test {
namespace {

ExecutorCase on_virtual_threads(int threads) {
  ExecutorCase made =
      local_case(std::to_string(threads), threads, [threads](std::uint64_t memory_bytes) {
        return std::make_unique<VirtualExecutor>(VirtualOptions{
            .capacity = {.threads = threads, .memory_bytes = memory_bytes}, .pretends = false});
      });
  made.is_concurrent = false;
  return made;
}

INSTANTIATE_TEST_SUITE_P(VirtualThreads, ExecutorContract,
                         testing::Values(on_virtual_threads(1), on_virtual_threads(8)), case_name);

/// A task without ports that needs so much and must not be called.
Task pretended_task(const std::string& name, Cost cost) {
  Task task;
  task.name = name;
  task.cost = [cost](const Magnitudes&) { return cost; };
  task.body = [](const Values&, const Context&) -> Values {
    ADD_FAILURE() << "a body was called";
    return {};
  };
  return task;
}

/// How long tasks that do not depend on each other take together.
double makespan(const Capacity& capacity, const std::vector<Cost>& costs, const Needs& needs = {}) {
  Graph graph;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    Task task = pretended_task(std::to_string(i), costs[i]);
    task.needs = needs;
    graph.add(std::move(task));
  }
  VirtualExecutor executor({.capacity = capacity});
  auto run = executor.run(graph, {});
  EXPECT_TRUE(run.outcomes().at(0).is_good()) << run.outcomes().at(0).worst().message;
  return executor.makespan();
}

TEST(Makespan, FourTasksOfASecondTakeTwoSecondsOnTwoThreads) {
  EXPECT_DOUBLE_EQ(makespan({.threads = 2}, std::vector<Cost>(4, {.seconds = 1})), 2);
}

TEST(Makespan, TheLongestTaskGoesFirst) {
  const std::vector<Cost> costs = {{.seconds = 1}, {.seconds = 1}, {.seconds = 1}, {.seconds = 3}};

  EXPECT_DOUBLE_EQ(makespan({.threads = 2}, costs), 3);
}

TEST(Makespan, TheLongestTargetGoesFirst) {
  Graph graph;
  Task task = pretended_task("predict", {});
  task.cost = [](const Magnitudes& sizes) { return Cost{.seconds = sizes.at("length")}; };
  graph.add(std::move(task));
  std::vector<Target> targets;
  for (const double length : {1, 1, 1, 3}) targets.push_back({"", {}, {}, {{"length", length}}});
  VirtualExecutor executor({.capacity = {.threads = 2}});

  executor.run_targets(graph, targets).wait();

  EXPECT_DOUBLE_EQ(executor.makespan(), 3);
}

TEST(Makespan, TasksThatDoNotFitIntoMemoryTogetherRunOneByOne) {
  const std::vector<Cost> costs(4, {.seconds = 1, .bytes = 60});

  EXPECT_DOUBLE_EQ(makespan({.threads = 4, .memory_bytes = 100}, costs), 4);
  EXPECT_DOUBLE_EQ(makespan({.threads = 4, .memory_bytes = 120}, costs), 2);
}

TEST(Makespan, WhatTasksKeepCountsOnceAndTheyWithTheRest) {
  Graph graph;
  graph.add(pretended_task("fold", {.seconds = 1, .bytes = 90, .kept_bytes = 60}));
  const auto seconds = [&](std::uint64_t memory_bytes, std::uint64_t kept_bytes) {
    VirtualExecutor executor({.capacity = {.threads = 4, .memory_bytes = memory_bytes}});
    auto run = executor.run_targets(graph, std::vector<Target>(4), {.kept_bytes = kept_bytes});
    run.wait();
    return run.outcomes().at(0).is_good() ? executor.makespan() : -1;
  };

  EXPECT_DOUBLE_EQ(seconds(120, 0), 4);
  EXPECT_DOUBLE_EQ(seconds(120, 60), 2);
  EXPECT_DOUBLE_EQ(seconds(180, 60), 1);
  EXPECT_DOUBLE_EQ(seconds(100, 70), 4);  // a second task keeps 10 more
  EXPECT_DOUBLE_EQ(seconds(90, 70), -1);
}

TEST(Makespan, TwoTasksShareADeviceThatHasRoomForTwo) {
  const std::vector<Cost> costs(4, {.seconds = 1, .device_bytes = 40});
  const Capacity capacity{.threads = 4, .devices = {{"cuda", "cuda:0", 80}}};

  EXPECT_DOUBLE_EQ(makespan(capacity, costs, {.device = "cuda"}), 2);
}

TEST(Makespan, TokensLimitWhatRunsAtOnce) {
  const std::vector<Cost> costs(6, {.seconds = 1});
  const Capacity capacity{.threads = 6, .tokens = {{"licence", 3}}};

  EXPECT_DOUBLE_EQ(makespan(capacity, costs, {.tokens = {{"licence", 1}}}), 2);
  EXPECT_DOUBLE_EQ(makespan(capacity, costs, {.tokens = {{"licence", 2}}}), 6);
}

TEST(Makespan, ArenasWorkBesideEachOther) {
  const std::vector<Cost> costs(4, {.seconds = 1});

  EXPECT_DOUBLE_EQ(makespan({.threads = 1, .io_threads = 4}, costs, {.arena = Arena::io}), 1);
}

TEST(Makespan, AWideTaskIsFasterOnMoreThreads) {
  Graph graph;
  Task wide = pretended_task("wide", {.seconds = 8});
  wide.max_threads = 4;
  graph.add(std::move(wide));
  VirtualExecutor executor({.capacity = {.threads = 6}});

  executor.run(graph, {}).wait();

  EXPECT_DOUBLE_EQ(executor.makespan(), 2);
}

TEST(Makespan, AChainTakesTheSumOfItsTasks) {
  const TemporaryFolder folder;
  Task first = double_task(Journal(folder.path() / "calls"));
  Task second = add_one_task(Journal(folder.path() / "calls"));
  first.cost = [](const Magnitudes&) { return Cost{.seconds = 2}; };
  second.cost = [](const Magnitudes&) { return Cost{.seconds = 3}; };
  const Graph graph = chain(std::move(first), std::move(second));
  VirtualExecutor executor({.capacity = {.threads = 8}, .pretends = false});

  auto run = executor.run_targets(graph, number_targets(graph, "double", {1, 2, 3}));

  EXPECT_DOUBLE_EQ(executor.makespan(), 5);
  EXPECT_EQ(run.get<Number>(graph.task("add_one").output("y"), 2).value, 7);
}

TEST(Makespan, WhatCannotBeGrantedFailsAtOnce) {
  Graph graph;
  graph.add(pretended_task("large", {.seconds = 1, .bytes = 2'000'000'000}));
  VirtualExecutor executor({.capacity = {.memory_bytes = 1'000'000'000}});

  auto run = executor.run(graph, {});

  EXPECT_EQ(states(run.outcomes().at(0)), "failed");
  EXPECT_DOUBLE_EQ(executor.makespan(), 0);
}

/// A batched task of so much, with a cost for each member.
Task batched_with_cost(const Journal& journal, double budget, double delay_seconds, Cost cost) {
  Task task = batched_task(journal, budget, delay_seconds);
  task.cost = [cost](const Magnitudes&) { return cost; };
  return task;
}

TEST(Makespan, DoesNotCountTheDelayOfABatchThatWasFullBefore) {
  const TemporaryFolder folder;
  Graph graph;
  graph.add(batched_with_cost(Journal(folder.path() / "calls"), 4, 100, {.seconds = 1}));
  VirtualExecutor executor({.capacity = {.threads = 1}, .pretends = false});

  executor.run_targets(graph, number_targets(graph, "square", {1, 3, 5, 7})).wait();

  EXPECT_DOUBLE_EQ(executor.makespan(), 1);
}

TEST(Makespan, ABatchThatNothingCanJoinDoesNotWait) {
  const TemporaryFolder folder;
  Graph graph;
  graph.add(batched_with_cost(Journal(folder.path() / "calls"), 4, 100, {.seconds = 1}));
  VirtualExecutor executor({.capacity = {.threads = 1}, .pretends = false});

  executor.run_targets(graph, number_targets(graph, "square", {1, 3})).wait();

  EXPECT_LT(executor.makespan(), 100);
}

TEST(VirtualExecutor, ABatchIsNoLargerThanTheMemory) {
  const TemporaryFolder folder;
  Graph graph;
  graph.add(batched_with_cost(Journal(folder.path() / "calls"), 4, 1, {.seconds = 1, .bytes = 60}));
  VirtualExecutor executor({.capacity = {.threads = 1, .memory_bytes = 100}, .pretends = false});

  auto run = executor.run_targets(graph, number_targets(graph, "square", {1, 3, 5, 7}));

  ASSERT_TRUE(run.is_finished());
  for (const TargetOutcome& outcome : run.outcomes()) EXPECT_EQ(states(outcome), "done");
}

TEST(Makespan, AMappedListIsTakenToHaveOneElement) {
  Graph inner;
  Task one = double_task(Journal("unused"));
  one.cost = [](const Magnitudes&) { return Cost{.seconds = 2}; };
  inner.add(std::move(one));
  Graph graph;
  graph.add(map_task<Number, Number>("each", inner, inner.task("double").input("x"),
                                     inner.task("double").output("y")));
  VirtualExecutor executor({.capacity = {.threads = 4}});

  executor.run_targets(graph, {list_target(graph, {1, 2})}).wait();

  EXPECT_DOUBLE_EQ(executor.makespan(), 2);
}

TEST(VirtualClock, DoesWhatIsDueInOrder) {
  VirtualClock clock;
  std::string told;
  clock.after(2, [&] { told += "b"; });
  clock.after(1, [&] {
    told += "a";
    clock.after(1, [&] { told += "c"; });
  });

  while (clock.step()) {
  }

  EXPECT_EQ(told, "abc");
  EXPECT_DOUBLE_EQ(clock.now(), 2);
}

}  // namespace
}  // namespace foldstream::test
