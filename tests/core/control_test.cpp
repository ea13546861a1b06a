// Control flow is refused where it is described, if it could not run; and its values can be stored.
#include "core/contract_case.hpp"

#include <foldstream/control.hpp>

namespace foldstream::test {
namespace {

/// A task "step": x -> y, x of another type as z, and whether it is the last.
Task step_task() {
  Task task;
  task.name = "step";
  task.inputs = {{"x", PortType::of<Number>(), ""}, {"z", PortType::of<Number>(), ""}};
  task.outputs = {{"x", PortType::of<Number>(), ""},
                  {"z", PortType::of<bool>(), ""},
                  {"is_last", PortType::of<bool>(), ""}};
  task.identity = "step 1";
  task.body = [](const Values& values, const Context&) { return values; };
  return task;
}

Task plain_task(const std::string& name) {
  Task task;
  task.name = name;
  task.inputs = {{"x", PortType::of<Number>(), ""}};
  task.outputs = {{"y", PortType::of<Number>(), ""}, {"holds", PortType::of<bool>(), ""}};
  task.identity = name + " 1";
  task.body = [](const Values& values, const Context&) { return values; };
  return task;
}

TEST(Loop, RefusesFewerThanOneIteration) {
  Graph graph;

  expect_error(ErrorKind::InvalidArgument, "loop 'step' has 0 iterations; it needs 1 or more.",
               [&] { add_loop(graph, step_task(), {.iterations = 0, .carried = {"x"}}); });

  EXPECT_EQ(graph.task_count(), 0);
}

TEST(Loop, RefusesToCarryWhatChangesItsType) {
  Graph graph;

  expect_error(ErrorKind::InvalidArgument,
               "loop 'step' carries 'z', but it takes a 'number' and gives a 'bool'.",
               [&] { add_loop(graph, step_task(), {.iterations = 2, .carried = {"z"}}); });
}

TEST(Loop, RefusesToCarryAPortThatTheStepHasNot) {
  Graph graph;

  expect_error(ErrorKind::NotFound, "is_last",
               [&] { add_loop(graph, step_task(), {.iterations = 2, .carried = {"is_last"}}); });
}

TEST(Loop, RefusesAnEndThatIsNoBool) {
  Graph graph;

  expect_error(ErrorKind::InvalidArgument,
               "output 'x' ends the loop 'step', so it must be a bool, not a 'number'.", [&] {
                 add_loop(graph, step_task(), {2, {}, "x"});
               });
  expect_error(ErrorKind::NotFound, "'is_lats'", [&] {
    add_loop(graph, step_task(), {2, {}, "is_lats"});
  });
}

TEST(Loop, IsFedOnceWhatItCarriesAndAlwaysTheRest) {
  Graph graph;

  const Loop loop = add_loop(graph, step_task(), {3, {"x"}, "is_last"});

  ASSERT_EQ(loop.inputs("x").size(), 1);
  EXPECT_EQ(loop.inputs("x")[0].task, "step[1]");
  ASSERT_EQ(loop.inputs("z").size(), 3);
  EXPECT_EQ(loop.inputs("z")[2].task, "step[3]");
  EXPECT_EQ(loop.output("x").task, "step");
  EXPECT_EQ(graph.task_count(), 4);
}

TEST(MapTask, RefusesAGraphThatTakesOtherElements) {
  Graph inner;
  const TaskRef task = inner.add(plain_task("plain"));

  expect_error(ErrorKind::InvalidArgument,
               "task 'each' maps 'bool' to 'number', but its graph takes 'number' and gives "
               "'number'.",
               [&] { map_task<bool, Number>("each", inner, task.input("x"), task.output("y")); });
}

TEST(MapTask, RefusesAnInputThatNothingFeeds) {
  Graph inner;
  const TaskRef task = inner.add(plain_task("plain"));
  inner.add(plain_task("forgotten"));

  expect_error(ErrorKind::InvalidArgument,
               "nothing feeds forgotten.x in the graph of task 'each'. Name it among the shared "
               "inputs.",
               [&] { map_task<Number, Number>("each", inner, task.input("x"), task.output("y")); });
}

TEST(MapTask, TakesItsIdentityFromTheTasksOfItsGraph) {
  const auto identity = [](const std::string& of_the_second) {
    Graph inner = chain(plain_task("a"), [&] {
      Task task = plain_task("b");
      task.identity = of_the_second;
      return task;
    }());
    return map_task<Number, Number>("each", inner, inner.task("a").input("x"),
                                    inner.task("b").output("y"))
        .identity;
  };

  EXPECT_EQ(identity("b 1"), identity("b 1"));
  EXPECT_NE(identity("b 1"), identity("b 2"));
  EXPECT_EQ(identity(""), "");
}

TEST(RunIf, RefusesAConditionThatIsNoBool) {
  Graph graph = chain(plain_task("a"), plain_task("b"));

  expect_error(ErrorKind::InvalidArgument, "bool",
               [&] { graph.run_if(graph.task("a").output("y"), graph.task("b")); });
}

TEST(RunIf, RefusesASecondCondition) {
  Graph graph = chain(plain_task("a"), plain_task("b"));
  graph.run_if(graph.task("a").output("holds"), graph.task("b"));

  expect_error(ErrorKind::InvalidArgument, "b",
               [&] { graph.run_if(graph.task("a").output("holds"), graph.task("b"), false); });

  EXPECT_TRUE(graph.guard(1)->wanted);
}

TEST(RunIf, RefusesToCloseACycle) {
  Graph graph = chain(plain_task("a"), plain_task("b"));

  expect_error(ErrorKind::InvalidArgument, "cycle",
               [&] { graph.run_if(graph.task("b").output("holds"), graph.task("a")); });

  EXPECT_FALSE(graph.guard(0).has_value());
}

TEST(RunIf, AConditionCannotBeTheTaskItself) {
  Graph graph = chain(plain_task("a"), plain_task("b"));

  expect_error(ErrorKind::InvalidArgument, "cycle",
               [&] { graph.run_if(graph.task("a").output("holds"), graph.task("a")); });
}

TEST(Include, KeepsConnectionsAndConditions) {
  Graph part = chain(plain_task("a"), plain_task("b"));
  part.run_if(part.task("a").output("holds"), part.task("b"), false);
  Graph graph;
  graph.add(plain_task("a"));

  graph.include("part", part);

  EXPECT_EQ(graph.task_count(), 3);
  ASSERT_EQ(graph.edge_count(), 1);
  EXPECT_EQ(graph.edges()[0].from_task, graph.index_of("part/a"));
  ASSERT_TRUE(graph.guard(graph.index_of("part/b")).has_value());
  EXPECT_FALSE(graph.guard(graph.index_of("part/b"))->wanted);
}

TEST(Include, RefusesANameTwiceAndChangesNothing) {
  const Graph part = chain(plain_task("a"), plain_task("b"));
  Graph graph;
  graph.add(plain_task("part/b"));

  expect_error(ErrorKind::InvalidArgument, "part/b", [&] { graph.include("part", part); });

  EXPECT_EQ(graph.task_count(), 1);
  EXPECT_FALSE(graph.contains("part/a"));
}

TEST(Codec, BringsBackBools) {
  for (const bool value : {true, false})
    EXPECT_EQ(Codec<bool>::decode(Codec<bool>::encode(value)), value);
}

TEST(Codec, BringsBackLists) {
  using List = std::vector<Number>;
  for (const std::size_t size : {0, 1, 11, 120}) {
    List list;
    for (std::size_t i = 0; i < size; ++i) list.push_back({static_cast<double>(i) / 3});

    const List back = Codec<List>::decode(Codec<List>::encode(list));

    ASSERT_EQ(back.size(), size);
    for (std::size_t i = 0; i < size; ++i) EXPECT_EQ(back[i].value, list[i].value);
  }
}

TEST(Codec, BringsBackListsOfLists) {
  using Lists = std::vector<std::vector<Number>>;
  const Lists lists = {{{1}, {2}}, {}, {{3}}};

  const Lists back = Codec<Lists>::decode(Codec<Lists>::encode(lists));

  ASSERT_EQ(back.size(), 3);
  EXPECT_EQ(back[0].at(1).value, 2);
  EXPECT_TRUE(back[1].empty());
  EXPECT_EQ(back[2].at(0).value, 3);
  EXPECT_EQ(std::string(Codec<Lists>::name), "list of list of number");
}

TEST(Codec, RefusesAListThatWasDamaged) {
  Record record = Codec<std::vector<Number>>::encode({{1}, {2}});
  Record without_count = record;
  without_count.erase("count");
  record.erase("1.value");

  expect_error(ErrorKind::NotFound, "count",
               [&] { Codec<std::vector<Number>>::decode(without_count); });
  expect_error(ErrorKind::NotFound, "value", [&] { Codec<std::vector<Number>>::decode(record); });
}

}  // namespace
}  // namespace foldstream::test
