// The executor contract, part 5: conditions, loops, mapped lists, gathered outputs, included parts.
#pragma once

#include "core/contract_flow.hpp"
#include "core/contract_policies.hpp"
#include "core/executor_contract.hpp"

#include <foldstream/control.hpp>

namespace foldstream::test {

using testing::IsEmpty;

/// y = x, and whether that is large.
inline Task judge_task(const Journal& journal) {
  Task task = number_task(journal, "judge", {"x"},
                          [](const Values& in, const Context&) { return number(in, "x"); });
  task.outputs.push_back({"is_large", PortType::of<bool>(), ""});
  task.body = [plain = task.body](const Values& in, const Context& context) {
    Values values = plain(in, context);
    values.emplace("is_large", Value::of(number(in, "x") > 10));
    return values;
  };
  return task;
}

/// y = x + `more`.
inline Task plus_task(const Journal& journal, const std::string& name, double more) {
  return number_task(journal, name, {"x"},
                     [more](const Values& in, const Context&) { return number(in, "x") + more; });
}

///       ┌─ large ─► big ──► after ┐
/// judge ┤              └──────────┴► merge, of `big` or of `small`
///       └─ else ──► small ─────────►
inline Graph branches(const Journal& journal) {
  Graph graph = chain(judge_task(journal), plus_task(journal, "big", 1000));
  const TaskRef judge = graph.task("judge");
  const TaskRef small = graph.add(plus_task(journal, "small", 100));
  const TaskRef after = graph.add(plus_task(journal, "after", 1));
  Task joins = number_task(journal, "merge", {"a", "b"}, [](const Values& in, const Context&) {
    return number(in, in.contains("a") ? "a" : "b");
  });
  for (Port& port : joins.inputs) port.is_optional = true;
  const TaskRef merge = graph.add(std::move(joins));
  graph.connect(judge.output("y"), small.input("x"));
  graph.connect(graph.task("big").output("y"), after.input("x"));
  graph.connect(graph.task("big").output("y"), merge.input("a"));
  graph.connect(small.output("y"), merge.input("b"));
  graph.run_if(judge.output("is_large"), graph.task("big"));
  graph.run_if(judge.output("is_large"), small, false);
  return graph;
}

TEST_P(ExecutorContract, AConditionDecidesWhichBranchRuns) {
  const Graph graph = branches(journal);

  const auto outcomes = finish(graph, number_targets(graph, "judge", {20, 3}));

  if (!is_root()) return;
  ASSERT_EQ(outcomes.size(), 2);
  EXPECT_EQ(states(outcomes[0]), "done done bypassed done done");
  EXPECT_EQ(states(outcomes[1]), "done bypassed done bypassed done");
  EXPECT_TRUE(outcomes[1].is_good());
  EXPECT_THAT(journal.lines(),
              UnorderedElementsAre("judge 20", "big 1020", "after 1021", "merge 1020", "judge 3",
                                   "small 103", "merge 103"));
}

TEST_P(ExecutorContract, ABypassedTaskHasNoValue) {
  const Graph graph = branches(journal);
  auto run = executor()->run_targets(graph, number_targets(graph, "judge", {3}),
                                     {.store = GetParam().make_store()});
  run.wait();

  if (!is_root()) return;
  expect_error(ErrorKind::NotFound, "task 'after' was bypassed",
               [&] { run.get<Number>(graph.task("after").output("y")); });
}

TEST_P(ExecutorContract, AStoredConditionDecidesAgain) {
  const RunOptions options{.store = GetParam().make_store()};
  const Graph graph = branches(journal);
  finish(graph, number_targets(graph, "judge", {3}), options);
  if (is_root()) journal.clear();

  const auto outcomes = finish(graph, number_targets(graph, "judge", {3}), options);

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "reused bypassed reused bypassed reused");
  EXPECT_THAT(journal.lines(), IsEmpty());
}

TEST_P(ExecutorContract, GatheringLeavesOutWhatWasBypassed) {
  Graph graph = branches(journal);
  const TaskRef all =
      add_gather<Number>(graph, "all",
                         {graph.task("big").output("y"), graph.task("judge").output("y"),
                          graph.task("small").output("y")});

  auto run = executor()->run_targets(graph, number_targets(graph, "judge", {3}),
                                     {.store = GetParam().make_store()});
  run.wait();

  if (!is_root()) return;
  const auto& items = run.get<std::vector<Number>>(all.output("items"));
  ASSERT_EQ(items.size(), 2);
  EXPECT_EQ(items[0].value, 3);
  EXPECT_EQ(items[1].value, 103);
}

/// x doubles, and is done from 12 on.
inline Loop add_grow_loop(Graph& graph, const Journal& journal, int iterations, bool can_end) {
  Task step;
  step.name = "grow";
  step.inputs = {{"x", PortType::of<Number>(), ""}};
  step.outputs = {{"x", PortType::of<Number>(), ""}, {"is_done", PortType::of<bool>(), ""}};
  step.identity = "grow 1";
  step.body = [journal](const Values& in, const Context&) {
    const double x = 2 * number(in, "x");
    journal.write("grow " + std::to_string(std::lround(x)));
    return Values{{"x", Value::of(Number{x})}, {"is_done", Value::of(x >= 12)}};
  };
  return add_loop(graph, step, {iterations, {"x"}, can_end ? "is_done" : ""});
}

TEST_P(ExecutorContract, ALoopEndsWhenItIsDone) {
  Graph graph;
  const Loop loop = add_grow_loop(graph, journal, 5, true);

  auto run = executor()->run_targets(graph, number_targets(graph, "grow[1]", {3}),
                                     {.store = GetParam().make_store()});
  run.wait();

  if (!is_root()) return;
  EXPECT_EQ(states(run.outcomes().at(0)), "done done bypassed bypassed bypassed done");
  EXPECT_EQ(run.get<Number>(loop.output("x")).value, 12);
  EXPECT_THAT(journal.lines(), ElementsAre("grow 6", "grow 12"));
}

TEST_P(ExecutorContract, ALoopWithoutAnEndRunsThrough) {
  Graph graph;
  const Loop loop = add_grow_loop(graph, journal, 4, false);

  auto run = executor()->run_targets(graph, number_targets(graph, "grow[1]", {3}),
                                     {.store = GetParam().make_store()});
  run.wait();

  if (!is_root()) return;
  EXPECT_EQ(run.get<Number>(loop.output("x")).value, 48);
  EXPECT_THAT(journal.lines(), ElementsAre("grow 6", "grow 12", "grow 24", "grow 48"));
}

TEST_P(ExecutorContract, ALoopGoesOnAtTheIterationItHadReached) {
  const RunOptions options{.store = GetParam().make_store()};
  Graph shorter, longer;
  add_grow_loop(shorter, journal, 2, false);
  add_grow_loop(longer, journal, 4, false);
  finish(shorter, number_targets(shorter, "grow[1]", {3}), options);

  const auto outcomes = finish(longer, number_targets(longer, "grow[1]", {3}), options);
  const auto again = finish(longer, number_targets(longer, "grow[1]", {3}), options);

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "reused reused done done done");
  EXPECT_EQ(states(again.at(0)), "reused reused reused reused reused");
  EXPECT_THAT(journal.lines(), ElementsAre("grow 6", "grow 12", "grow 24", "grow 48"));
}

/// A task "each" that maps `inner`, from `first`.x to `last`.y.
inline Graph mapping(const Graph& inner, const std::string& first, const std::string& last) {
  Graph graph;
  graph.add(map_task<Number, Number>("each", inner, inner.task(first).input("x"),
                                     inner.task(last).output("y")));
  return graph;
}

inline Target list_target(const Graph& graph, const std::vector<double>& numbers) {
  std::vector<Number> list;
  for (const double x : numbers) list.push_back({x});
  Target target;
  target.inputs.push_back({graph.task("each").input("items"), std::move(list)});
  return target;
}

TEST_P(ExecutorContract, AMappedGraphRunsOnEachElementAndKeepsTheirOrder) {
  const Graph graph =
      mapping(chain(double_task(journal), add_one_task(journal)), "double", "add_one");

  auto run = executor()->run_targets(graph, {list_target(graph, {3, 1, 2})},
                                     {.store = GetParam().make_store()});
  run.wait();

  if (!is_root()) return;
  std::vector<double> results;
  for (const Number& result : run.get<std::vector<Number>>(graph.task("each").output("results")))
    results.push_back(result.value);
  EXPECT_THAT(results, ElementsAre(7, 3, 5));
  EXPECT_THAT(journal.lines(), UnorderedElementsAre("double 6", "add_one 7", "double 2",
                                                    "add_one 3", "double 4", "add_one 5"));
}

TEST_P(ExecutorContract, AnEmptyListMapsToAnEmptyList) {
  const Graph graph =
      mapping(chain(double_task(journal), add_one_task(journal)), "double", "add_one");

  auto run =
      executor()->run_targets(graph, {list_target(graph, {})}, {.store = GetParam().make_store()});
  run.wait();

  if (!is_root()) return;
  const auto results = graph.task("each").output("results");
  EXPECT_TRUE(run.get<std::vector<Number>>(results).empty());
  EXPECT_THAT(journal.lines(), IsEmpty());
}

TEST_P(ExecutorContract, AFailingElementFailsTheMappingTaskAndIsNamed) {
  const Graph graph =
      mapping(chain(picky_task(journal), add_one_task(journal)), "picky", "add_one");

  const auto outcomes = finish(graph, {list_target(graph, {1, 3, 2}), list_target(graph, {1})});

  if (!is_root()) return;
  ASSERT_EQ(outcomes.size(), 2);
  EXPECT_EQ(states(outcomes[0]), "failed");
  EXPECT_EQ(to_string(outcomes[0].worst().kind), "parse");
  EXPECT_EQ(outcomes[0].worst().message, "element 2: 'picky' failed: two is not a number.");
  EXPECT_EQ(states(outcomes[1]), "done");
}

TEST_P(ExecutorContract, OnlyTheElementThatChangedIsComputedAgain) {
  const RunOptions options{.store = GetParam().make_store()};
  const Graph graph =
      mapping(chain(double_task(journal), add_one_task(journal)), "double", "add_one");
  finish(graph, {list_target(graph, {1, 2, 3})}, options);
  if (is_root()) journal.clear();

  const auto outcomes = finish(graph, {list_target(graph, {1, 5, 3})}, options);
  const auto again = finish(graph, {list_target(graph, {1, 5, 3})}, options);

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "done");
  EXPECT_EQ(states(again.at(0)), "reused");
  EXPECT_THAT(journal.lines(), ElementsAre("double 10", "add_one 11"));
}

TEST_P(ExecutorContract, EveryElementIsGivenTheSharedInputs) {
  Graph inner;
  const TaskRef add =
      inner.add(number_task(journal, "add", {"x", "more"}, [](const Values& in, const Context&) {
        return number(in, "x") + number(in, "more");
      }));
  Graph graph;
  graph.add(map_task<Number, Number>("each", inner, add.input("x"), add.output("y"),
                                     {add.input("more")}));
  Target target = list_target(graph, {1, 2});
  target.inputs.push_back({graph.task("each").input("more"), Number{10}});

  finish(graph, {target});

  if (!is_root()) return;
  EXPECT_THAT(journal.lines(), UnorderedElementsAre("add 11", "add 12"));
}

TEST_P(ExecutorContract, ARetryInsideAMappedGraphIsOfItsElement) {
  Task once = flaky_task(journal, ErrorKind::Io, 2);
  const Graph graph = mapping(chain(std::move(once), add_one_task(journal)), "flaky", "add_one");

  const auto outcomes = finish(graph, {list_target(graph, {1, 2})});

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "done");
  EXPECT_THAT(journal.lines(), UnorderedElementsAre("broke 1", "broke 1", "flaky 1", "flaky 2",
                                                    "add_one 2", "add_one 3"));
}

TEST_P(ExecutorContract, AnIncludedPartRunsUnderItsPrefix) {
  Graph graph;
  const TaskRef first = graph.add(double_task(journal));
  graph.include("part", chain(double_task(journal), add_one_task(journal)));
  graph.connect(first.output("y"), graph.task("part/double").input("x"));

  const auto outcomes = finish(graph, number_targets(graph, "double", {3}));

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "done done done");
  EXPECT_THAT(journal.lines(), ElementsAre("double 6", "double 12", "add_one 13"));
}

}  // namespace foldstream::test
