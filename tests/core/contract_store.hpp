// The executor contract, part 2: what was stored is not computed again, unless something changed.
#pragma once

#include "core/executor_contract.hpp"

namespace foldstream::test {

TEST_P(ExecutorContract, ASecondRunReusesEverything) {
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  const RunOptions options{.store = GetParam().make_store()};
  finish(graph, number_targets(graph, "double", {1, 2, 3}), options);
  if (is_root()) journal.clear();

  const auto outcomes = finish(graph, number_targets(graph, "double", {1, 2, 3}), options);

  if (!is_root()) return;
  ASSERT_EQ(outcomes.size(), 3);
  for (const TargetOutcome& outcome : outcomes) EXPECT_EQ(states(outcome), "reused reused");
  EXPECT_TRUE(journal.lines().empty());
}

TEST_P(ExecutorContract, ATaskThatFailedFindsThePartsItKept) {
  const RunOptions options{.store = GetParam().make_store()};
  Task task = double_task(journal);
  task.keeps_parts = true;
  task.body = [this](const Values& inputs, const Context& context) -> Values {
    const auto part = context.earlier("half");
    journal.write(part ? "found" : "absent");
    if (part) return {{"y", Value::of(Codec<Number>::decode(*part))}};
    context.keep("half", Codec<Number>::encode(inputs.at("x").as<Number>()));
    throw Error(ErrorKind::Resources, "interrupted.");
  };
  Graph graph;
  graph.add(task);

  finish(graph, number_targets(graph, "double", {3}), options);
  const auto outcomes = finish(graph, number_targets(graph, "double", {3}), options);

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "done");
  EXPECT_THAT(journal.lines(), ElementsAre("absent", "found"));
}

TEST_P(ExecutorContract, OutcomesBearTheKeyOfWhatWasStored) {
  const Graph graph = chain(picky_task(journal), add_one_task(journal));
  const RunOptions options{.store = GetParam().make_store()};

  const auto first = finish(graph, number_targets(graph, "picky", {1, 2}), options);
  const auto second = finish(graph, number_targets(graph, "picky", {1, 2}), options);

  if (!is_root()) return;
  EXPECT_TRUE(options.store->contains(first.at(0).tasks[1].key.value()));
  EXPECT_EQ(first[0].tasks[1].key, second.at(0).tasks[1].key);
  EXPECT_FALSE(first[1].tasks[1].key.has_value());
}

TEST_P(ExecutorContract, AChangedIdentityRecomputesOnlyDependents) {
  const RunOptions options{.store = GetParam().make_store()};
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  finish(graph, number_targets(graph, "double", {3}), options);
  if (is_root()) journal.clear();
  Task changed = add_one_task(journal);
  changed.identity = "add_one 2";

  const Graph after = chain(double_task(journal), changed);
  const auto outcomes = finish(after, number_targets(after, "double", {3}), options);

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "reused done");
  EXPECT_THAT(journal.lines(), ElementsAre("add_one 7"));
}

TEST_P(ExecutorContract, AChangedInputRecomputesWhatItReaches) {
  const RunOptions options{.store = GetParam().make_store()};
  Graph graph;
  graph.add(double_task(journal));
  graph.add(add_one_task(journal));
  Target target = number_target(graph, "double", 3);
  target.inputs.push_back({graph.task("add_one").input("x"), Number{10}});
  finish(graph, {target}, options);
  if (is_root()) journal.clear();

  target.inputs.back() = {graph.task("add_one").input("x"), Number{20}};
  const auto outcomes = finish(graph, {target}, options);

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "reused done");
  EXPECT_THAT(journal.lines(), ElementsAre("add_one 21"));
}

TEST_P(ExecutorContract, AChangedGivenOutputRecomputesDependents) {
  const RunOptions options{.store = GetParam().make_store()};
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  Target target;
  target.given.push_back({graph.task("double").output("y"), Number{10}});
  finish(graph, {target}, options);
  finish(graph, {target}, options);

  target.given.front() = {graph.task("double").output("y"), Number{20}};
  finish(graph, {target}, options);

  if (!is_root()) return;
  EXPECT_THAT(journal.lines(), ElementsAre("add_one 11", "add_one 21"));
}

TEST_P(ExecutorContract, ATaskWithoutIdentityIsNeverStored) {
  const RunOptions options{.store = GetParam().make_store()};
  Task unnamed = add_one_task(journal);
  unnamed.identity.clear();
  const Graph graph = chain(double_task(journal), unnamed);
  finish(graph, number_targets(graph, "double", {3}), options);
  if (is_root()) journal.clear();

  const auto outcomes = finish(graph, number_targets(graph, "double", {3}), options);

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "reused done");
  EXPECT_THAT(journal.lines(), ElementsAre("add_one 7"));
}

TEST_P(ExecutorContract, ALostEntryIsComputedAgain) {
  const auto store = std::make_shared<FaultyStore>(GetParam().make_store());
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  finish(graph, number_targets(graph, "double", {3}), {.store = store});
  if (is_root()) journal.clear();

  store->is_lost = true;
  const auto outcomes = finish(graph, number_targets(graph, "double", {3}), {.store = store});

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "done done");
  EXPECT_THAT(journal.lines(), ElementsAre("double 6", "add_one 7"));
}

TEST_P(ExecutorContract, ADamagedEntryIsComputedAgainWhereItIsNeeded) {
  const auto store = std::make_shared<FaultyStore>(GetParam().make_store());
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  finish(graph, number_targets(graph, "double", {3}), {.store = store});
  if (is_root()) journal.clear();
  Task changed = add_one_task(journal);
  changed.identity = "add_one 2";

  store->damaged_task = "double";
  const Graph after = chain(double_task(journal), changed);
  const auto outcomes = finish(after, number_targets(after, "double", {3}), {.store = store});

  if (!is_root()) return;
  EXPECT_TRUE(outcomes.at(0).is_good());
  EXPECT_THAT(journal.lines(), ElementsAre("double 6", "add_one 7"));
}

TEST_P(ExecutorContract, ADamagedEntryWithTwoConsumersIsComputedOnce) {
  const auto store = std::make_shared<FaultyStore>(GetParam().make_store());
  const Graph before = chain(double_task(journal), add_one_task(journal));
  finish(before, number_targets(before, "double", {3}), {.store = store});
  if (is_root()) journal.clear();

  store->damaged_task = "double";
  Graph graph;
  graph.add(double_task(journal));
  for (const std::string name : {"a", "b", "c", "d"}) {
    const TaskRef task = graph.add(number_task(
        journal, name, {"x"}, [](const Values& in, const Context&) { return number(in, "x"); }));
    graph.connect(graph.task("double").output("y"), task.input("x"));
  }
  finish(graph, number_targets(graph, "double", {3}), {.store = store});

  if (!is_root()) return;
  EXPECT_THAT(journal.lines(), UnorderedElementsAre("double 6", "a 6", "b 6", "c 6", "d 6"));
}

TEST_P(ExecutorContract, AResultWhoseEffectsAreGoneIsComputedAgain) {
  const RunOptions options{.store = GetParam().make_store()};
  Task writes = add_one_task(journal);
  writes.is_current = [](const Values& outputs) { return number(outputs, "y") != 7; };
  const Graph graph = chain(double_task(journal), writes);
  finish(graph, number_targets(graph, "double", {3, 4}), options);
  if (is_root()) journal.clear();

  const auto outcomes = finish(graph, number_targets(graph, "double", {3, 4}), options);

  if (!is_root()) return;
  ASSERT_EQ(outcomes.size(), 2);
  EXPECT_EQ(states(outcomes[0]), "reused done");
  EXPECT_EQ(states(outcomes[1]), "reused reused");
  EXPECT_THAT(journal.lines(), ElementsAre("add_one 7"));
}

TEST_P(ExecutorContract, AThrowingCheckOfEffectsFailsItsTargetOnly) {
  const RunOptions options{.store = GetParam().make_store()};
  Task writes = double_task(journal);
  writes.is_current = [](const Values& outputs) {
    if (number(outputs, "y") == 6) throw 7;
    return true;
  };
  const Graph graph = chain(writes, add_one_task(journal));
  finish(graph, number_targets(graph, "double", {3, 4}), options);

  const auto outcomes = finish(graph, number_targets(graph, "double", {3, 4}), options);

  if (!is_root()) return;
  ASSERT_EQ(outcomes.size(), 2);
  EXPECT_FALSE(outcomes[0].is_good());
  EXPECT_TRUE(outcomes[1].is_good());
}

}  // namespace foldstream::test
