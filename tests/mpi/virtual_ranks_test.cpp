// A rehearsal on a virtual clock: the makespan of campaigns that can be reckoned by hand.
#include "test_support.hpp"

#include <foldstream/accounting.hpp>
#include <foldstream/mpi/virtual_ranks.hpp>

#include <map>

namespace foldstream::test {
namespace {

/// One task that takes as many seconds as the target's "length".
Graph one_task(int max_threads = 1, const std::string& device = "") {
  Task task;
  task.name = "work";
  task.outputs = {{"y", PortType::of<double>()}};
  task.cost = [](const Magnitudes& size) { return Cost{size.at("length"), 1'000'000'000}; };
  task.body = [](const Values&, const Context&) -> Values {
    ADD_FAILURE() << "a rehearsal called a body";
    return {};
  };
  task.max_threads = max_threads;
  task.needs.device = device;
  Graph graph;
  graph.add(std::move(task));
  return graph;
}

std::vector<Target> targets_of(const std::vector<double>& lengths) {
  std::vector<Target> targets;
  for (const double length : lengths) {
    Target& target = targets.emplace_back();
    target.name = "t" + std::to_string(targets.size());
    target.magnitudes = {{"length", length}};
  }
  return targets;
}

/// Counts the targets that end on each rank.
class RankCounter final : public Observer {
 public:
  void notify(const Event& event) override {
    if (event.what == Event::What::target_ended) ++ended[event.rank];
  }
  std::map<int, int> ended;
};

TEST(VirtualRanks, SpreadsEqualTargetsEvenly) {
  mpi::VirtualRanks ranks({.ranks = 4, .capacity = {.threads = 2}});
  const auto counter = std::make_shared<RankCounter>();

  auto run = ranks.run_targets(one_task(), targets_of(std::vector<double>(80, 60)),
                               {.observer = counter});
  run.wait();

  EXPECT_EQ(counter->ended, (std::map<int, int>{{0, 20}, {1, 20}, {2, 20}, {3, 20}}));
  EXPECT_NEAR(ranks.makespan(), 600, 1);
  EXPECT_EQ(run.outcomes().size(), 80);
}

TEST(VirtualRanks, KeepsToTheMemoryOfEachRank) {
  mpi::VirtualRanks ranks({.ranks = 2, .capacity = {.threads = 8, .memory_bytes = 2'000'000'000}});

  ranks.run_targets(one_task(), targets_of(std::vector<double>(8, 10)), {}).wait();

  EXPECT_NEAR(ranks.makespan(), 20, 1);
}

TEST(VirtualRanks, NamesTargetsThatFitOnNoRank) {
  mpi::VirtualRanks ranks({.ranks = 2, .capacity = {.threads = 1, .memory_bytes = 900'000'000}});

  auto run = ranks.run_targets(one_task(), targets_of({1}), {});
  run.wait();

  ASSERT_EQ(run.outcomes().size(), 1);
  EXPECT_THAT(run.outcomes()[0].worst().message, testing::HasSubstr("task 'work' needs 1.0 GB"));
}

TEST(VirtualRanks, GivesADeviceToOneTaskAtATime) {
  const Capacity capacity{.threads = 8, .devices = {{"cuda", "cuda:0", 1}, {"cuda", "cuda:1", 1}}};
  mpi::VirtualRanks ranks({.ranks = 2, .capacity = capacity});

  ranks.run_targets(one_task(1, "cuda"), targets_of(std::vector<double>(16, 5)), {}).wait();

  EXPECT_NEAR(ranks.makespan(), 20, 1);
}

TEST(VirtualRanks, LetsALongTargetUseManyThreads) {
  mpi::VirtualRanks ranks({.ranks = 1, .capacity = {.threads = 8}});

  ranks.run_targets(one_task(8), targets_of({80}), {}).wait();

  EXPECT_NEAR(ranks.makespan(), 10, 0.1);
}

TEST(VirtualRanks, RehearsesALargeCampaignOfMixedLengths) {
  mpi::VirtualRanks ranks({.ranks = 64, .capacity = {.threads = 4}});
  const Graph graph = one_task();
  const auto accounting = std::make_shared<Accounting>(graph);
  std::vector<double> lengths;
  for (int i = 0; i < 5000; ++i) lengths.push_back(900 - 800 * i / 5000.0);

  auto run = ranks.run_targets(graph, targets_of(lengths), {.observer = accounting});
  run.wait();

  const Efficiency time = accounting->efficiency(256);
  EXPECT_EQ(run.outcomes().size(), 5000);
  EXPECT_NEAR(time.makespan, ranks.makespan(), 1);
  EXPECT_LE(time.makespan, 1.03 * time.lower_bound);
}

TEST(VirtualRanks, PassesOnWhatTheSourceThrew) {
  mpi::VirtualRanks ranks({.ranks = 2, .capacity = {.threads = 1}});
  int given = 0;
  const auto source = [&]() -> std::optional<Target> {
    if (given++ == 3) throw Error(ErrorKind::Parse, "query.fasta:3:17: no residue.");
    return targets_of({1}).front();
  };

  auto run = ranks.run_source(one_task(), source, {});

  expect_error(ErrorKind::Parse, "query.fasta:3:17", [&] { run.wait(); });
  EXPECT_EQ(run.outcomes().size(), 3);
}

TEST(VirtualRanks, RefusesOptionsOutOfRange) {
  expect_error(ErrorKind::InvalidArgument, "needs 1 rank or more, not 0",
               [] { mpi::VirtualRanks ranks({.ranks = 0}); });
}

}  // namespace
}  // namespace foldstream::test
