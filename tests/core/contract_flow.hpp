// The executor contract, part 1: order, values, failures, given outputs, grants, events.
#pragma once

#include "core/executor_contract.hpp"

namespace foldstream::test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST_P(ExecutorContract, ChainsTwoTasks) {
  const Graph graph = chain(double_task(journal), add_one_task(journal));

  const auto outcomes = finish(graph, number_targets(graph, "double", {3}));

  if (!is_root()) return;
  ASSERT_EQ(outcomes.size(), 1);
  EXPECT_EQ(outcomes[0].name, "target_3");
  EXPECT_EQ(states(outcomes[0]), "done done");
  EXPECT_THAT(journal.lines(), ElementsAre("double 6", "add_one 7"));
}

TEST_P(ExecutorContract, GivesTheValueOfAPort) {
  const Graph graph = chain(double_task(journal), add_one_task(journal));

  auto run = executor()->run_targets(graph, number_targets(graph, "double", {3}),
                                     {.store = GetParam().make_store()});
  run.wait();

  if (!is_root()) return;
  EXPECT_EQ(run.get<Number>(graph.task("add_one").output("y")).value, 7);
  expect_error(ErrorKind::NotFound, "Did you mean 'double'?", [&] {
    run.get<Number>({"duoble", "y", PortType::of<Number>()});
  });
}

TEST_P(ExecutorContract, RunsADiamondInOrder) {
  Graph graph = chain(double_task(journal), add_one_task(journal));
  const TaskRef negate = graph.add(number_task(
      journal, "negate", {"x"}, [](const Values& in, const Context&) { return -number(in, "x"); }));
  const TaskRef sum =
      graph.add(number_task(journal, "sum", {"a", "b"}, [](const Values& in, const Context&) {
        return number(in, "a") + 10 * number(in, "b");
      }));
  graph.connect(graph.task("double").output("y"), negate.input("x"));
  graph.connect(graph.task("add_one").output("y"), sum.input("a"));
  graph.connect(negate.output("y"), sum.input("b"));

  finish(graph, number_targets(graph, "double", {3}));

  if (!is_root()) return;
  const auto lines = journal.lines();
  EXPECT_THAT(lines, UnorderedElementsAre("double 6", "add_one 7", "negate -6", "sum -53"));
  EXPECT_EQ(lines.front(), "double 6");
  EXPECT_EQ(lines.back(), "sum -53");
}

/// y = x, but the target 2 is refused.
inline Task picky_task(const Journal& journal) {
  return number_task(journal, "picky", {"x"}, [](const Values& in, const Context&) {
    if (number(in, "x") == 2) throw Error(ErrorKind::Parse, "two is not a number.");
    return number(in, "x");
  });
}

TEST_P(ExecutorContract, AFailedTaskFailsItsTargetAndNoOther) {
  const Graph graph = chain(picky_task(journal), add_one_task(journal));

  const auto outcomes = finish(graph, number_targets(graph, "picky", {1, 2, 3}));

  if (!is_root()) return;
  ASSERT_EQ(outcomes.size(), 3);
  EXPECT_EQ(states(outcomes[0]), "done done");
  EXPECT_EQ(states(outcomes[1]), "failed skipped");
  EXPECT_EQ(states(outcomes[2]), "done done");
  EXPECT_THAT(journal.lines(),
              UnorderedElementsAre("picky 1", "add_one 2", "picky 3", "add_one 4"));
}

TEST_P(ExecutorContract, AFailureKeepsItsKindAndItsWords) {
  const Graph graph = chain(picky_task(journal), add_one_task(journal));

  const auto outcomes = finish(graph, number_targets(graph, "picky", {2}));

  if (!is_root()) return;
  const Outcome& failed = outcomes.at(0).worst();
  EXPECT_EQ(to_string(failed.kind), "parse");
  EXPECT_EQ(failed.message, "two is not a number.");
  EXPECT_THAT(outcomes[0].tasks[1].message, HasSubstr("'picky' failed: two is not a number."));
}

TEST_P(ExecutorContract, AForeignExceptionIsATaskFailure) {
  Graph graph;
  graph.add(number_task(journal, "odd", {"x"}, [](const Values& in, const Context&) -> double {
    if (number(in, "x") == 1) throw std::out_of_range("somewhere else");
    throw 7;
  }));

  const auto outcomes = finish(graph, number_targets(graph, "odd", {1, 2}));

  if (!is_root()) return;
  EXPECT_EQ(to_string(outcomes.at(0).worst().kind), "task");
  EXPECT_THAT(outcomes.at(0).worst().message, HasSubstr("somewhere else"));
  EXPECT_EQ(to_string(outcomes.at(1).worst().state), "failed");
}

TEST_P(ExecutorContract, FailsATargetThatLeavesAnInputUnfed) {
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  auto targets = number_targets(graph, "double", {3, 4});
  targets[0].inputs.clear();

  const auto outcomes = finish(graph, targets);

  if (!is_root()) return;
  ASSERT_EQ(outcomes.size(), 2);
  EXPECT_EQ(to_string(outcomes[0].worst().kind), "invalid_argument");
  EXPECT_THAT(outcomes[0].worst().message, HasSubstr("nothing feeds double.x"));
  EXPECT_THAT(journal.lines(), ElementsAre("double 8", "add_one 9"));
}

TEST_P(ExecutorContract, FailsATargetWithAnOpenInputBehindAGoodTask) {
  Graph graph;
  graph.add(double_task(journal));
  graph.add(add_one_task(journal));

  const auto outcomes = finish(graph, number_targets(graph, "double", {3}));

  if (!is_root()) return;
  EXPECT_THAT(outcomes.at(0).worst().message, HasSubstr("nothing feeds add_one.x"));
  EXPECT_TRUE(journal.lines().empty());
}

TEST_P(ExecutorContract, FailsATargetThatFeedsAnInputTwice) {
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  auto targets = number_targets(graph, "double", {3});
  targets[0].inputs.push_back({graph.task("add_one").input("x"), Number{1}});

  const auto outcomes = finish(graph, targets);

  if (!is_root()) return;
  EXPECT_THAT(outcomes.at(0).worst().message, HasSubstr("input add_one.x is bound, but it is"));
  EXPECT_TRUE(journal.lines().empty());
}

TEST_P(ExecutorContract, GivenOutputsSkipATaskAndWhatOnlyFeedsIt) {
  Graph graph = chain(double_task(journal), add_one_task(journal));
  const TaskRef last = graph.add(number_task(
      journal, "last", {"x"}, [](const Values& in, const Context&) { return number(in, "x"); }));
  graph.connect(graph.task("add_one").output("y"), last.input("x"));
  Target target;
  target.name = "given";
  target.given.push_back({graph.task("add_one").output("y"), Number{50}});

  const auto outcomes = finish(graph, {target});

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "given given done");
  EXPECT_THAT(journal.lines(), ElementsAre("last 50"));
}

TEST_P(ExecutorContract, RunsEachTaskOfManyTargetsOnce) {
  Graph graph = chain(double_task(journal), add_one_task(journal));
  const TaskRef last = graph.add(number_task(
      journal, "last", {"x"}, [](const Values& in, const Context&) { return number(in, "x"); }));
  graph.connect(graph.task("add_one").output("y"), last.input("x"));
  std::vector<double> numbers(200);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i);

  const auto outcomes = finish(graph, number_targets(graph, "double", numbers));

  if (!is_root()) return;
  const auto lines = journal.lines();
  EXPECT_EQ(lines.size(), 600);
  EXPECT_EQ(std::set(lines.begin(), lines.end()).size(), 600);
  ASSERT_EQ(outcomes.size(), 200);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(outcomes[static_cast<std::size_t>(i)].index, i);
}

TEST_P(ExecutorContract, EndsWithoutTargetsOrTasks) {
  const Graph graph = chain(double_task(journal), add_one_task(journal));

  EXPECT_TRUE(finish(graph, {}).empty());
  const auto outcomes = finish(Graph(), {Target{}});

  if (!is_root()) return;
  EXPECT_EQ(outcomes.size(), 1);
  EXPECT_TRUE(outcomes.at(0).is_good());
}

TEST_P(ExecutorContract, NeverGrantsMoreThreadsThanItHas) {
  std::atomic<int> granted = 0;
  std::atomic<int> most = 0;
  Task greedy =
      number_task(journal, "greedy", {"x"}, [&](const Values& in, const Context& context) {
        const int now = granted += context.threads;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::yield();
        granted -= context.threads;
        return number(in, "x");
      });
  greedy.max_threads = 3;
  const Graph graph = chain(std::move(greedy), add_one_task(journal));

  finish(graph, number_targets(graph, "greedy", std::vector<double>(60, 1.0)));

  EXPECT_LE(most, GetParam().threads);
  EXPECT_EQ(granted, 0);
}

TEST_P(ExecutorContract, RefusesATaskLargerThanItsMemory) {
  Task large = double_task(journal);
  large.cost = [](const Magnitudes&) { return Cost{1, 2'000'000'000}; };
  const Graph graph = chain(std::move(large), add_one_task(journal));

  auto run = executor(1'000'000'000)->run_targets(graph, number_targets(graph, "double", {3}));
  run.wait();

  if (!is_root()) return;
  const auto outcomes = run.outcomes();
  EXPECT_EQ(states(outcomes.at(0)), "failed skipped");
  EXPECT_EQ(to_string(outcomes[0].worst().kind), "resources");
  EXPECT_THAT(outcomes[0].worst().message, HasSubstr("task 'double' needs 2.0 GB"));
}

TEST_P(ExecutorContract, AThrowingCostFailsItsTask) {
  Task unsure = add_one_task(journal);
  unsure.cost = [](const Magnitudes& m) { return Cost{m.at("length"), 1}; };
  const Graph graph = chain(double_task(journal), std::move(unsure));

  const auto outcomes = finish(graph, number_targets(graph, "double", {3, 4}));

  if (!is_root()) return;
  ASSERT_EQ(outcomes.size(), 2);
  EXPECT_EQ(states(outcomes[0]), "done failed");
  EXPECT_EQ(states(outcomes[1]), "done failed");
}

/// Checks that calls come one at a time and counts them.
class Listener final : public Observer {
 public:
  void notify(const Event& event) override {
    EXPECT_FALSE(is_busy.exchange(true)) << "two calls at once";
    const std::string where = std::to_string(event.target_index) + "." + event.task;
    if (event.what == Event::What::target_started) started.insert(where);
    if (event.what == Event::What::target_ended) ended.insert(where);
    if (event.what == Event::What::task_started) {
      EXPECT_TRUE(running.insert(where).second);
    }
    if (event.what == Event::What::task_ended) {
      running.erase(where);
      EXPECT_FALSE(ended.contains(std::to_string(event.target_index) + "."));
      EXPECT_TRUE(tasks_ended.insert(where).second) << where << " ended twice";
    }
    if (event.what == Event::What::warning) warnings.push_back(event.text);
    is_busy = false;
  }

  std::atomic<bool> is_busy = false;
  std::multiset<std::string> started, ended;
  std::set<std::string> running, tasks_ended;
  std::vector<std::string> warnings;
};

TEST_P(ExecutorContract, TellsItsObserverEachStartAndEndOnce) {
  const Graph graph = chain(picky_task(journal), add_one_task(journal));
  const auto listener = std::make_shared<Listener>();

  finish(graph, number_targets(graph, "picky", {0, 1, 2, 3, 4, 5}), {.observer = listener});

  EXPECT_TRUE(listener->running.empty());
  EXPECT_EQ(listener->started, listener->ended);
  if (!is_root()) return;
  EXPECT_EQ(listener->started.size(), 6);
  EXPECT_EQ(listener->tasks_ended.size(), 12);
}

TEST_P(ExecutorContract, PassesOnWarnings) {
  Graph graph;
  graph.add(number_task(journal, "warns", {"x"}, [](const Values&, const Context& context) {
    context.warning("thin alignment");
    context.report(0.5, "half");
    return 0;
  }));
  const auto listener = std::make_shared<Listener>();

  finish(graph, number_targets(graph, "warns", {1}), {.observer = listener});

  if (!is_root()) return;
  EXPECT_THAT(listener->warnings, ElementsAre("thin alignment"));
}

}  // namespace foldstream::test
