// The executor contract on pretend ranks, and what only a distributed run can promise.
#include "core/executor_contract.hpp"

#include <foldstream/control.hpp>
#include <foldstream/mpi/rehearsal.hpp>

#include <map>

namespace foldstream::test {
namespace {

ExecutorCase on_pretend_ranks(int ranks, int threads) {
  ExecutorCase made =
      local_case(std::to_string(ranks) + "x" + std::to_string(threads), ranks * threads,
                 [=](std::uint64_t memory_bytes) {
                   return std::make_unique<mpi::RehearsalExecutor>(
                       ranks, mpi::DistributedExecutorOptions{threads, memory_bytes, 16, 120, 900});
                 });
  made.runs_two_of_a_target = threads >= 2;  // all of a target runs on one rank
  return made;
}

INSTANTIATE_TEST_SUITE_P(PretendRanks, ExecutorContract,
                         testing::Values(on_pretend_ranks(1, 2), on_pretend_ranks(2, 1),
                                         on_pretend_ranks(4, 2)),
                         case_name);

/// Whether the graph may be cut anywhere: all that flows has a name and can be sent.
bool can_be_cut(const Graph& graph) {
  return std::ranges::all_of(graph.tasks(), [](const auto& task) {
    return !task->identity.empty() && std::ranges::all_of(task->outputs, [](const Port& port) {
             return port.type.is_encodable();
           });
  });
}

bool has_streams(const Graph& graph) {
  return std::ranges::any_of(graph.tasks(), [](const auto& task) {
    return std::ranges::any_of(task->outputs, [](const Port& port) {
      return port.type == PortType::of<Stream>();
    });
  });
}

/// Gives every other task of a graph to ranks of another role.
class CutExecutor final : public Executor {
 public:
  explicit CutExecutor(std::vector<mpi::DistributedExecutorOptions> options)
      : executor_(std::move(options)) {}

  Run run_source(const Graph& graph, TargetSource source, RunOptions options) override {
    int number = 0;
    const bool is_cut = can_be_cut(graph) && (options.store || !has_streams(graph));
    const Graph cut = with_tasks(graph, [&](Task& task) {
      task.role = !is_cut ? "" : ++number % 2 == 0 ? "even" : "odd";
    });
    return executor_.run_source(cut, std::move(source), std::move(options));
  }

 private:
  mpi::RehearsalExecutor executor_;
};

ExecutorCase on_ranks_of_roles(std::vector<std::string> roles) {
  std::string name = "roles";
  for (const std::string& role : roles) name += "_" + role;
  const auto make = [roles](std::uint64_t memory_bytes) {
    std::vector<mpi::DistributedExecutorOptions> options;
    for (const std::string& role : roles) {
      options.push_back({.threads = 1, .memory_bytes = memory_bytes});
      options.back().roles = {role};
    }
    return std::make_unique<CutExecutor>(options);
  };
  ExecutorCase made = local_case(name, static_cast<int>(roles.size()), make);
  made.runs_two_of_a_target = false;  // a graph that is not cut has one thread
  return made;
}

INSTANTIATE_TEST_SUITE_P(RanksOfRoles, ExecutorContract,
                         testing::Values(on_ranks_of_roles({"odd", "even"}),
                                         on_ranks_of_roles({"even", "odd", "odd", "even"})),
                         case_name);

/// Counts the targets that end on each rank.
class RankCounter final : public Observer {
 public:
  void notify(const Event& event) override {
    if (event.what == Event::What::target_ended) ++ended[event.rank];
  }
  std::map<int, int> ended;
};

Graph one_task(const Journal& journal, std::function<double(const Values&, const Context&)> body) {
  Graph graph;
  graph.add(number_task(journal, "work", {"x"}, std::move(body)));
  return graph;
}

TEST(Rehearsal, GivesOthersTheTargetsBehindASlowOne) {
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  std::atomic<int> quick = 0;
  const Graph graph = one_task(journal, [&](const Values& in, const Context&) {
    if (number(in, "x") != 0) return static_cast<double>(++quick);
    return eventually([&] { return quick == 30; }) ? 1.0
                                                   : 0.0;  // the slow one: outlasts all others
  });
  std::vector<double> numbers(31);
  for (int i = 0; i < 31; ++i) numbers[static_cast<std::size_t>(i)] = i;

  mpi::RehearsalExecutor executor(2, {.threads = 1});
  auto run = executor.run_targets(graph, number_targets(graph, "work", numbers));

  EXPECT_EQ(run.get<Number>(graph.task("work").output("y")).value, 1.0);
  EXPECT_EQ(run.outcomes().size(), 31);
}

TEST(Rehearsal, ABusyRankLeavesTargetsToIdleOnes) {
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  std::atomic<int> running = 0;
  const Graph graph = one_task(journal, [&](const Values&, const Context&) {
    ++running;
    return eventually([&] { return running == 4; }) ? 1.0 : 0.0;  // all four at once
  });
  const auto counter = std::make_shared<RankCounter>();

  mpi::RehearsalExecutor executor(4, {.threads = 1});
  executor.run_targets(graph, number_targets(graph, "work", {1, 2, 3, 4}), {.observer = counter})
      .wait();

  EXPECT_EQ(counter->ended, (std::map<int, int>{{0, 1}, {1, 1}, {2, 1}, {3, 1}}));
}

/// The runs of a graph on pretend ranks, each with targets of its own.
class PretendRanks {
 public:
  explicit PretendRanks(int ranks, mpi::DistributedExecutorOptions options = {.threads = 1}) {
    for (auto& communicator : mpi::pretend_ranks(ranks))
      executors_.push_back(std::make_unique<mpi::DistributedExecutor>(communicator, options));
  }
  Run run(int rank, const Graph& graph, std::vector<Target> targets, RunOptions options = {}) {
    return executors_[static_cast<std::size_t>(rank)]->run_targets(graph, std::move(targets),
                                                                   std::move(options));
  }

 private:
  std::vector<std::unique_ptr<mpi::DistributedExecutor>> executors_;
};

TEST(DistributedRun, EveryRankKnowsAllOutcomesAtTheEnd) {
  const TemporaryFolder folder;
  const Graph graph = chain(double_task(Journal(folder.path() / "calls")),
                            add_one_task(Journal(folder.path() / "calls")));
  PretendRanks ranks(2);
  auto first = ranks.run(0, graph, number_targets(graph, "double", {1, 2, 3, 4, 5}));
  auto second = ranks.run(1, graph, number_targets(graph, "double", {1, 2, 3, 4, 5}));

  first.wait();
  second.wait();

  ASSERT_EQ(first.outcomes().size(), 5);
  ASSERT_EQ(second.outcomes().size(), 5);
  for (const TargetOutcome& outcome : second.outcomes()) EXPECT_EQ(states(outcome), "done done");
}

/// Runs two targets that wait for each other, hence one on each rank; gives both values as rank 0
/// sees them.
void check_values(const Journal& journal, std::shared_ptr<Store> store) {
  std::atomic<int> running = 0;
  const Graph graph = one_task(journal, [&](const Values& in, const Context&) {
    ++running;
    eventually([&] { return running == 2; });
    return number(in, "x");
  });
  PretendRanks ranks(2);
  auto first = ranks.run(0, graph, number_targets(graph, "work", {10, 20}), {.store = store});
  auto second = ranks.run(1, graph, number_targets(graph, "work", {10, 20}), {.store = store});
  const OutputRef y = graph.task("work").output("y");
  EXPECT_EQ(first.get<Number>(y, 0).value, 10);
  EXPECT_EQ(first.get<Number>(y, 1).value, 20);
}

TEST(DistributedRun, LoadsAValueOfAnotherRankFromTheStore) {
  const TemporaryFolder folder;

  check_values(Journal(folder.path() / "calls"), std::make_shared<MemoryStore>());
}

TEST(DistributedRun, NamesTheRankOfAValueThatItCannotLoad) {
  const TemporaryFolder folder;

  expect_error(ErrorKind::NotFound, "is on rank 1, and rank 0 cannot load it",
               [&] { check_values(Journal(folder.path() / "calls"), nullptr); });
}

TEST(DistributedRun, RefusesRanksThatDisagreeAboutTheGraph) {
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  const Graph one = chain(double_task(journal), add_one_task(journal));
  Graph other;
  other.add(double_task(journal));
  PretendRanks ranks(2);

  auto first = ranks.run(0, one, number_targets(one, "double", {1, 2}));
  auto second = ranks.run(1, other, number_targets(other, "double", {1, 2}));

  expect_error(ErrorKind::Communication, "given another graph", [&] { first.wait(); });
  expect_error(ErrorKind::Communication, "given another graph", [&] { second.wait(); });
}

TEST(DistributedRun, ARankThatNeverComesIsNamed) {
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  PretendRanks ranks(3, {.threads = 1, .start_seconds = 2});

  auto first = ranks.run(0, graph, number_targets(graph, "double", {1, 2}));
  auto second = ranks.run(1, graph, number_targets(graph, "double", {1, 2}));

  expect_error(ErrorKind::Communication, "rank 2 has not begun this run", [&] { first.wait(); });
  expect_error(ErrorKind::Communication, "rank 2 has not begun this run", [&] { second.wait(); });
}

TEST(DistributedRun, CancelOnAnyRankEndsAll) {
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");
  const Graph graph = chain(endless_task(journal), add_one_task(journal));
  PretendRanks ranks(2);
  auto first = ranks.run(0, graph, number_targets(graph, "ended", {1, 2, 3, 4, 5, 6}));
  auto second = ranks.run(1, graph, number_targets(graph, "ended", {1, 2, 3, 4, 5, 6}));

  EXPECT_TRUE(eventually([&] { return journal.lines().size() == 2; }));
  second.cancel();
  first.wait();
  second.wait();

  EXPECT_EQ(journal.lines().size(), 2);
  EXPECT_EQ(first.outcomes().size(), second.outcomes().size());
}

TEST(DistributedExecutor, RefusesOptionsOutOfRange) {
  const auto alone = mpi::pretend_ranks(1).front();

  expect_error(ErrorKind::InvalidArgument, "lease_depth must be 1 or more, not 0",
               [&] { mpi::DistributedExecutor executor(alone, {.lease_depth = 0}); });
  expect_error(ErrorKind::InvalidArgument, "needs 1 rank or more", [] { mpi::pretend_ranks(0); });
}

}  // namespace
}  // namespace foldstream::test
