// Graphs: what is refused, in which words, and that a refusal changes nothing.
#include "test_support.hpp"

#include <foldstream/graph.hpp>

namespace foldstream::test {
namespace {

/// x, z (int) in; y (int), text (string) out.
Task task(const std::string& name) {
  Task task;
  task.name = name;
  task.inputs = {{"x", PortType::of<int>(), ""}, {"z", PortType::of<int>(), ""}};
  task.outputs = {{"y", PortType::of<int>(), ""}, {"text", PortType::of<std::string>(), ""}};
  task.body = [](const Values&, const Context&) { return Values{}; };
  return task;
}

/// a -> b -> c
Graph chain_of_three() {
  Graph graph;
  for (const char* name : {"a", "b", "c"}) graph.add(task(name));
  graph.connect(graph.task("a").output("y"), graph.task("b").input("x"));
  graph.connect(graph.task("b").output("y"), graph.task("c").input("x"));
  return graph;
}

TEST(Graph, RefusesACycleAndStaysUnchanged) {
  Graph graph = chain_of_three();

  expect_error(ErrorKind::InvalidArgument, "would close a cycle: c -> a -> b -> c",
               [&] { graph.connect(graph.task("c").output("y"), graph.task("a").input("x")); });

  EXPECT_EQ(graph.edge_count(), 2);
}

TEST(Graph, RefusesATaskThatFeedsItself) {
  Graph graph = chain_of_three();

  expect_error(ErrorKind::InvalidArgument, "would close a cycle: a -> a",
               [&] { graph.connect(graph.task("a").output("y"), graph.task("a").input("x")); });
}

TEST(Graph, RefusesASecondTaskOfOneName) {
  Graph graph = chain_of_three();

  expect_error(ErrorKind::InvalidArgument, "already has a task 'b'", [&] { graph.add(task("b")); });

  EXPECT_EQ(graph.task_count(), 3);
}

TEST(Graph, RefusesATaskWithoutNameOrBodyOrWithTwinPorts) {
  Graph graph;
  Task idle = task("idle");
  idle.body = nullptr;
  Task twins = task("twins");
  twins.outputs.push_back(twins.outputs.front());
  Task nameless = task("nameless");
  nameless.inputs.front().name.clear();

  expect_error(ErrorKind::InvalidArgument, "needs a name", [&] { graph.add(task("")); });
  expect_error(ErrorKind::InvalidArgument, "'idle' has no body", [&] { graph.add(idle); });
  expect_error(ErrorKind::InvalidArgument, "two ports called 'y'", [&] { graph.add(twins); });
  expect_error(ErrorKind::InvalidArgument, "port without a name", [&] { graph.add(nameless); });
  EXPECT_EQ(graph.task_count(), 0);
}

TEST(Graph, RefusesPortsOfDifferentTypes) {
  Graph graph = chain_of_three();
  const std::string words = "cannot connect a.text -> c.z: the output is a";

  expect_error(ErrorKind::InvalidArgument, words,
               [&] { graph.connect(graph.task("a").output("text"), graph.task("c").input("z")); });
}

TEST(Graph, RefusesAnInputThatIsFedTwice) {
  Graph graph = chain_of_three();

  expect_error(ErrorKind::InvalidArgument,
               "cannot connect a.y -> c.x: the input is already fed by b.y",
               [&] { graph.connect(graph.task("a").output("y"), graph.task("c").input("x")); });
}

TEST(Graph, OffersTheNearestName) {
  Graph graph;
  graph.add(task("predict"));

  expect_error(ErrorKind::NotFound, "no task 'predcit'. Did you mean 'predict'?",
               [&] { graph.task("predcit"); });
  expect_error(ErrorKind::NotFound, "task 'predict' has no output 'txt'. Did you mean 'text'?",
               [&] { graph.task("predict").output("txt"); });
  expect_error(ErrorKind::NotFound, "It has: x, z.", [&] { graph.task("predict").input("query"); });
}

TEST(Graph, OrdersByDependencyThenByInsertion) {
  Graph graph;
  for (const char* name : {"a", "b", "c", "d"}) graph.add(task(name));
  graph.connect(graph.task("d").output("y"), graph.task("a").input("x"));

  EXPECT_THAT(graph.order(), testing::ElementsAre(1, 2, 3, 0));
}

TEST(TaskRef, OutlivesItsGraph) {
  auto graph = std::make_unique<Graph>(chain_of_three());
  const TaskRef ref = graph->task("a");
  graph.reset();

  EXPECT_EQ(ref.output("y").task, "a");
}

}  // namespace
}  // namespace foldstream::test
