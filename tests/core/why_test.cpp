// Which keys the tasks of a target would have, and what differs from what is stored.
#include "core/contract_case.hpp"

#include <foldstream/thread_executor.hpp>
#include <foldstream/why.hpp>

namespace foldstream::test {
namespace {

TEST(Why, ExpectsTheKeysThatARunGives) {
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  const Target target = number_target(graph, "double", 3);
  ThreadExecutor executor({.threads = 1});
  auto run = executor.run_targets(graph, {target}, {.store = std::make_shared<MemoryStore>()});
  run.wait();

  const auto expected = expected_keys(graph, target);

  ASSERT_EQ(expected.size(), 2);
  EXPECT_EQ(expected[0].key, run.outcomes().at(0).tasks[0].key);
  EXPECT_EQ(expected[1].key, run.outcomes().at(0).tasks[1].key);
  EXPECT_EQ(journal.lines().size(), 2);
}

TEST(Why, StoresWhatAKeyIsMadeOf) {
  const TemporaryFolder folder;
  const Graph graph = chain(double_task(Journal(folder.path() / "calls")),
                            add_one_task(Journal(folder.path() / "calls")));
  const Target target = number_target(graph, "double", 3);
  const auto store = std::make_shared<MemoryStore>();
  ThreadExecutor executor({.threads = 1});
  executor.run_targets(graph, {target}, {.store = store}).wait();

  const ExpectedKey expected = expected_keys(graph, target).at(1);

  EXPECT_EQ(store->load(*expected.key)->fields, expected.fields);
  EXPECT_EQ(key_of(expected.fields), *expected.key);
}

TEST(Why, GivenTasksHaveNoKey) {
  const TemporaryFolder folder;
  const Graph graph = chain(double_task(Journal(folder.path() / "calls")),
                            add_one_task(Journal(folder.path() / "calls")));
  Target target;
  target.given.push_back({graph.task("double").output("y"), Number{10}});

  const auto expected = expected_keys(graph, target);

  EXPECT_TRUE(expected.at(0).is_given);
  EXPECT_TRUE(expected.at(1).key.has_value());
}

TEST(Why, NamesEachFieldThatDiffers) {
  const auto changes = field_changes("predict 2\nseed=1\nmodels=3\nmsa=aa.msa\nold=1",
                                     "predict 2\nseed=2\nmodels=3\nmsa=bb.msa\nnew=5");

  ASSERT_EQ(changes.size(), 4);
  EXPECT_EQ(changes[0].name, "seed");
  EXPECT_EQ(changes[0].stored, "1");
  EXPECT_EQ(changes[0].expected, "2");
  EXPECT_EQ(changes[1].name, "msa");
  EXPECT_EQ(changes[2].name, "new");
  EXPECT_EQ(changes[3].name, "old");
  EXPECT_EQ(changes[3].expected, "");
}

TEST(Why, SeesAnotherVersionOfAStage) {
  const auto changes = field_changes("predict 1\nseed=1", "predict 2\nseed=1");

  ASSERT_EQ(changes.size(), 2);
  EXPECT_EQ(changes[0].name, "predict 2");
}

}  // namespace
}  // namespace foldstream::test
