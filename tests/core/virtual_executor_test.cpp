// VirtualExecutor keeps the executor contract where no two bodies must run at once, foretells how
// long known graphs take, and runs in disorder without changing a result.
#include "core/executor_contract.hpp"

#include <foldstream/thread_executor.hpp>
#include <foldstream/virtual_executor.hpp>

#include <mutex>

namespace foldstream::test {
namespace {

ExecutorCase on_virtual_threads(int threads) {
  const auto folders = std::make_shared<std::vector<std::unique_ptr<TemporaryFolder>>>();
  return {
      .name = std::to_string(threads),
      .threads = threads,
      .make =
          [threads](std::uint64_t memory_bytes) {
            return std::make_unique<VirtualExecutor>(VirtualOptions{
                .capacity = {.threads = threads, .memory_bytes = memory_bytes}, .pretends = false});
          },
      .make_store = [] { return std::make_shared<MemoryStore>(); },
      .make_folder =
          [folders] { return folders->emplace_back(std::make_unique<TemporaryFolder>())->path(); },
      .is_concurrent = false,
  };
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

/// Calls of bodies by their names and results.
class Calls {
 public:
  void add(const std::string& name, double result) {
    const std::scoped_lock lock(mutex_);
    calls_.insert(name + " " + std::to_string(result));
  }
  std::multiset<std::string> take() { return std::exchange(calls_, {}); }

 private:
  std::mutex mutex_;
  std::multiset<std::string> calls_;
};

/// A graph with a diamond, a condition and a mapped list, which remembers the calls of its bodies.
class Tangle {
 public:
  Tangle() {
    const TaskRef judge = add("judge", {"x"});
    const TaskRef left = add("left", {"x"});
    const TaskRef right = add("right", {"x"});
    const TaskRef sum = add("sum", {"a", "b"});
    const TaskRef big = add("big", {"x"});
    const TaskRef small = add("small", {"x"});
    const TaskRef merge = add("merge", {"a?", "b?"});
    const TaskRef list = add_list();
    const TaskRef each = add_each();
    const TaskRef total = add_total();
    for (const TaskRef& task : {left, right, list})
      graph.connect(judge.output("y"), task.input("x"));
    graph.connect(left.output("y"), sum.input("a"));
    graph.connect(right.output("y"), sum.input("b"));
    for (const TaskRef& task : {big, small}) graph.connect(sum.output("y"), task.input("x"));
    graph.run_if(judge.output("holds"), big);
    graph.run_if(judge.output("holds"), small, false);
    graph.connect(big.output("y"), merge.input("a?"));
    graph.connect(small.output("y"), merge.input("b?"));
    graph.connect(list.output("items"), each.input("items"));
    graph.connect(each.output("results"), total.input("items"));
    graph.connect(merge.output("y"), total.input("x"));
  }

  /// States and values of 20 targets, and how often each body was called for what.
  std::pair<std::string, std::multiset<std::string>> run_with(Executor& executor) {
    std::vector<double> numbers(20);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(1000 * i);
    auto run = executor.run_targets(graph, number_targets(graph, "judge", numbers));
    run.wait();
    std::string text;
    for (const TargetOutcome& target : run.outcomes()) {
      text += states(target) + ":";
      for (const std::string task : {"judge", "sum", "merge", "total"})
        text += " " + std::to_string(run.value(graph.task(task).output("y"), target.index)
                                         .template as<Number>().value);
      text += "\n";
    }
    return {text, calls.take()};
  }

 private:
  /// y = a sum that tells the task and its inputs; `holds` if it is odd.
  Task plain(const std::string& name, const std::vector<std::string>& ports) {
    Task task;
    task.name = name;
    for (const std::string& port : ports)
      task.inputs.push_back({port, PortType::of<Number>(), "", port.ends_with('?')});
    task.outputs = {{"y", PortType::of<Number>(), ""}, {"holds", PortType::of<bool>(), ""}};
    task.cost = [](const Magnitudes&) { return Cost{.seconds = 1}; };
    task.body = [this, name](const Values& in, const Context&) {
      double y = static_cast<double>(name.size());
      for (const auto& [port, value] : in) y = 3 * y + value.as<Number>().value;
      calls.add(name, y);
      return Values{{"y", Value::of(Number{y})},
                    {"holds", Value::of(std::lround(y / 1000) % 2 == 1)}};
    };
    return task;
  }
  TaskRef add(const std::string& name, const std::vector<std::string>& ports) {
    return graph.add(plain(name, ports));
  }
  /// "items": between none and three numbers.
  TaskRef add_list() {
    Task list = plain("list", {"x"});
    list.outputs = {{"items", PortType::of<std::vector<Number>>(), ""}};
    list.body = [](const Values& in, const Context&) {
      std::vector<Number> items;
      const long count = std::lround(number(in, "x") / 1000) % 4;
      for (long i = 0; i < count; ++i) items.push_back({number(in, "x") + 100.0 * static_cast<double>(i)});
      return Values{{"items", Value::of(std::move(items))}};
    };
    return graph.add(std::move(list));
  }
  TaskRef add_each() {
    const Graph inner = chain(plain("one", {"x"}), plain("two", {"x"}));
    return graph.add(map_task<Number, Number>("each", inner, inner.task("one").input("x"),
                                              inner.task("two").output("y")));
  }
  TaskRef add_total() {
    Task total = plain("total", {"x"});
    total.inputs.push_back({"items", PortType::of<std::vector<Number>>(), ""});
    total.body = [this](const Values& in, const Context&) {
      double y = number(in, "x");
      for (const Number& item : in.at("items").as<std::vector<Number>>()) y = 2 * y + item.value;
      calls.add("total", y);
      return Values{{"y", Value::of(Number{y})}, {"holds", Value::of(true)}};
    };
    return graph.add(std::move(total));
  }

  Graph graph;
  Calls calls;
};

TEST(Disorder, TheReferenceRunsEveryBodyOnce) {
  Tangle tangle;
  ThreadExecutor executor({.threads = 1});

  const auto [text, calls] = tangle.run_with(executor);

  EXPECT_EQ(std::set(calls.begin(), calls.end()).size(), calls.size());
  EXPECT_THAT(text, HasSubstr("done done done done bypassed done done done done done:"));
  EXPECT_THAT(text, HasSubstr("done done done done done bypassed done done done done:"));
}

TEST(Disorder, OfAVirtualMachineChangesNoResult) {
  Tangle tangle;
  ThreadExecutor ordered({.threads = 1});
  const auto expected = tangle.run_with(ordered);

  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    VirtualExecutor executor(
        {.capacity = {.threads = 4}, .pretends = false, .disorder = seed});

    ASSERT_EQ(tangle.run_with(executor), expected) << "seed " << seed;
  }
}

TEST(Disorder, OfThreadsChangesNoResult) {
  Tangle tangle;
  ThreadExecutor ordered({.threads = 1});
  const auto expected = tangle.run_with(ordered);

  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    for (const int threads : {2, 8}) {
      ThreadExecutor executor({.threads = threads, .disorder = seed});

      ASSERT_EQ(tangle.run_with(executor), expected) << threads << " threads, seed " << seed;
    }
  }
}

TEST(VirtualExecutor, GivesWhatThreadsGive) {
  Tangle tangle;
  ThreadExecutor threads({.threads = 8});
  VirtualExecutor pretended({.capacity = {.threads = 8}, .pretends = false});

  EXPECT_EQ(tangle.run_with(pretended), tangle.run_with(threads));
}

}  // namespace
}  // namespace foldstream::test
