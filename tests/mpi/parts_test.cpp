// Cutting a graph along the roles of its tasks.
#include "core/contract_case.hpp"
#include "parts.hpp"

#include <foldstream/control.hpp>

namespace foldstream::test {
namespace {

using namespace foldstream::mpi;
using testing::ElementsAre;

Task task_of(const std::string& name, const std::string& role,
             const std::vector<std::string>& inputs = {"x"}) {
  Task task = number_task(Journal("/dev/null"), name, inputs,
                          [](const Values&, const Context&) { return 0.0; });
  task.role = role;
  return task;
}

/// "search" -> "predict" -> "refine" -> "write", the last without a role.
Graph pipeline() {
  Graph graph;
  std::optional<TaskRef> last;
  for (const std::string role : {"search", "predict", "refine", ""}) {
    const TaskRef next = graph.add(task_of(role.empty() ? "write" : role, role));
    if (last) graph.connect(last->output("y"), next.input("x"));
    last = next;
  }
  return graph;
}

std::vector<RankFacts> ranks_of(const std::vector<std::string>& roles) {
  std::vector<RankFacts> ranks;
  for (const std::string& role : roles) ranks.push_back({{role}, {}, 1});
  return ranks;
}

TEST(Parts, AGraphIsNotCutForRanksWithoutRoles) {
  const auto parts = cut_by_role(pipeline(), {RankFacts{}, RankFacts{}});

  ASSERT_EQ(parts.size(), 1);
  EXPECT_THAT(parts[0].tasks, ElementsAre(0, 1, 2, 3));
}

TEST(Parts, ATaskOfARoleThatNoRankHasStaysWithItsInputs) {
  const auto parts = cut_by_role(pipeline(), ranks_of({"search", "predict"}));

  ASSERT_EQ(parts.size(), 2);
  EXPECT_EQ(parts[0].role, "search");
  EXPECT_EQ(parts[1].role, "predict");
  EXPECT_THAT(parts[1].tasks, ElementsAre(1, 2, 3));
  EXPECT_THAT(parts[1].ancestors, ElementsAre(0));
  EXPECT_EQ(parts[1].needs.at(0).part, 0);
}

TEST(Parts, PartsOfOneRoleDoNotWaitForEachOtherInACircle) {
  Graph graph;
  const TaskRef a = graph.add(task_of("a", "odd")), b = graph.add(task_of("b", "even"));
  const TaskRef c = graph.add(task_of("c", "odd", {"x", "z"}));
  graph.connect(a.output("y"), b.input("x"));
  graph.connect(b.output("y"), c.input("x"));
  graph.connect(a.output("y"), c.input("z"));

  const auto parts = cut_by_role(graph, ranks_of({"odd", "even"}));

  ASSERT_EQ(parts.size(), 3);
  EXPECT_THAT(parts[2].ancestors, ElementsAre(0, 1));
}

TEST(Parts, AReaderNeedsOnlyTheBeginningOfItsStream) {
  Graph graph;
  Task producer = task_of("embed", "embed");
  producer.outputs = {{"rows", PortType::of<Stream>()}};
  Task consumer = task_of("fold", "fold", {});
  consumer.inputs = {{"rows", PortType::of<Stream>()}};
  const TaskRef from = graph.add(producer), to = graph.add(consumer);
  graph.connect(from.output("rows"), to.input("rows"));

  const auto parts = cut_by_role(graph, ranks_of({"embed", "fold"}));

  ASSERT_EQ(parts.size(), 2);
  EXPECT_EQ(parts[1].needs.at(0).streams.at(0).second, "rows");
}

TEST(Parts, ADeviceThatOnlySomeRanksHaveCutsTheGraph) {
  Graph graph = with_tasks(pipeline(), [](Task& task) {
    task.role.clear();
    if (task.name == "predict") task.needs.device = "cuda";
  });
  const std::vector<RankFacts> ranks = {{{}, {}, 4}, {{}, {"cuda"}, 4}};

  const auto parts = cut_by_role(graph, ranks);

  ASSERT_EQ(parts.size(), 2);
  EXPECT_FALSE(may_run(ranks[0], parts[1]));
  EXPECT_TRUE(may_run(ranks[1], parts[1]));
}

TEST(Parts, RefusesToCutWhereAValueCannotTravel) {
  Graph graph = with_tasks(pipeline(), [](Task& task) { task.identity.clear(); });

  expect_error(ErrorKind::InvalidArgument,
               "task 'search' feeds 'predict', which runs on ranks of another role, but it has no "
               "identity",
               [&] { cut_by_role(graph, ranks_of({"search", "predict"})); });
}

TEST(Parts, FactsComeOutAsTheyWentIn) {
  const RankFacts facts = decode_facts(encode({{"search", "refine"}, {"cuda", "cuda"}, 12}));

  EXPECT_THAT(facts.roles, ElementsAre("search", "refine"));
  EXPECT_THAT(facts.device_kinds, ElementsAre("cuda", "cuda"));
  EXPECT_EQ(facts.threads, 12);
}

}  // namespace
}  // namespace foldstream::test
