// Plans: costs, what given outputs spare, and the picture.
#include "test_support.hpp"

#include <foldstream/plan.hpp>

namespace foldstream::test {
namespace {

Task task(const std::string& name, double seconds, std::uint64_t bytes, int max_threads = 1) {
  Task task;
  task.name = name;
  task.inputs = {{"x", PortType::of<int>(), ""}};
  task.outputs = {{"y", PortType::of<int>(), ""}};
  task.body = [](const Values&, const Context&) { return Values{}; };
  task.cost = [=](const Magnitudes& m) { return Cost{seconds * m.at("length"), bytes}; };
  task.max_threads = max_threads;
  return task;
}

/// search -> fold -> refine, and search -> count
Graph fork() {
  Graph graph;
  graph.add(task("search", 1, 100, 4));
  graph.add(task("fold", 2, 300));
  graph.add(task("refine", 3, 200));
  graph.add(task("count", 1, 1));
  graph.connect(graph.task("search").output("y"), graph.task("fold").input("x"));
  graph.connect(graph.task("fold").output("y"), graph.task("refine").input("x"));
  graph.connect(graph.task("search").output("y"), graph.task("count").input("x"));
  return graph;
}

PlanTarget target(double length, std::vector<std::string> given = {}) {
  return {"t", {{"length", length}}, std::move(given)};
}

std::vector<std::string> tasks(const PlannedTarget& planned) {
  std::vector<std::string> names;
  for (const PlannedTask& task : planned.tasks) names.push_back(task.task);
  return names;
}

TEST(Plan, AddsUpWorkAndTheLongestChain) {
  const Plan plan = make_plan(fork(), {target(10)}, 2);

  EXPECT_THAT(tasks(plan.targets[0]), testing::ElementsAre("search", "fold", "refine", "count"));
  EXPECT_DOUBLE_EQ(plan.seconds, 70);
  EXPECT_DOUBLE_EQ(plan.targets[0].critical_seconds, 5 + 20 + 30);
  EXPECT_DOUBLE_EQ(plan.makespan_seconds, 55);
  EXPECT_EQ(plan.peak_bytes, 300);
}

TEST(Plan, IsBoundByWorkWhenTargetsAreMany) {
  const Plan plan = make_plan(fork(), std::vector<PlanTarget>(10, target(10)), 2);

  EXPECT_DOUBLE_EQ(plan.makespan_seconds, 350);
  EXPECT_EQ(plan.peak_bytes, 600);
}

TEST(Plan, CountsWhatIsKeptForAllTargetsOnce) {
  Task embed = task("embed", 1, 0), fold = task("fold", 1, 0);
  embed.cost = [](const Magnitudes&) { return Cost{.bytes = 1200, .kept_bytes = 1000}; };
  fold.cost = [](const Magnitudes&) { return Cost{.bytes = 700, .kept_bytes = 600}; };
  Graph graph;
  graph.add(embed);
  graph.add(fold);

  const Plan plan = make_plan(graph, std::vector<PlanTarget>(10, target(10)), 2);

  EXPECT_EQ(plan.kept_bytes, 1600);
  EXPECT_EQ(plan.peak_bytes, 1600 + 2 * 200);
}

TEST(Plan, CountsOneThreadAtLeast) {
  const Plan plan = make_plan(fork(), {target(1), target(1)}, -3);

  EXPECT_DOUBLE_EQ(plan.makespan_seconds, 14);
  EXPECT_EQ(plan.peak_bytes, 300);
}

TEST(Plan, LeavesOutWhatIsGivenAndWhatOnlyFeedsIt) {
  const Plan plan = make_plan(fork(), {target(1, {"fold"}), target(1, {"fold", "count"})}, 1);

  EXPECT_THAT(tasks(plan.targets[0]), testing::ElementsAre("search", "refine", "count"));
  EXPECT_THAT(tasks(plan.targets[1]), testing::ElementsAre("refine"));
}

TEST(Plan, OffersTheNearMissOfAGivenTask) {
  expect_error(ErrorKind::NotFound, "Did you mean 'fold'?",
               [] { make_plan(fork(), {target(1, {"flod"})}, 1); });
}

TEST(Plan, ListsOpenInputs) { EXPECT_THAT(open_inputs(fork()), testing::ElementsAre("search.x")); }

TEST(Plan, DrawsTheGraph) {
  Graph graph;
  graph.add(task("say \"a.b\"", 1, 1));
  graph.add(task("target", 1, 1));
  graph.connect(graph.task("say \"a.b\"").output("y"), graph.task("target").input("x"));

  EXPECT_EQ(to_dot(graph),
            "digraph foldstream {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n"
            "  \"say \\\"a.b\\\"\";\n  \"target\";\n  \"(target)\" [shape=plaintext];\n"
            "  \"(target)\" -> \"say \\\"a.b\\\"\" [label=\"x\"];\n"
            "  \"say \\\"a.b\\\"\" -> \"target\" [label=\"y > x\"];\n}\n");
}

}  // namespace
}  // namespace foldstream::test
