// The executor contract, part 3: cancellation, lifetimes, and sources that block or throw.
#pragma once

#include "core/executor_contract.hpp"

namespace foldstream::test {

/// Writes "begun", then works until it is told to stop; writes "ended" if it never is.
inline Task endless_task(const Journal& journal) {
  return number_task(journal, "ended", {"x"}, [journal](const Values&, const Context& context) {
    journal.write("begun");
    eventually([&] { return context.stop.stop_requested(); });
    context.check_cancelled();
    return 0.0;
  });
}

TEST_P(ExecutorContract, CancelStopsWhatRunsAndStartsNothingElse) {
  if (!GetParam().is_concurrent) GTEST_SKIP() << "a run has ended when it can be cancelled";
  const Graph graph = chain(endless_task(journal), add_one_task(journal));
  const auto made = executor();
  auto run = made->run_targets(graph, number_targets(graph, "ended", std::vector<double>(50, 1.0)));

  if (is_root()) {
    EXPECT_TRUE(eventually([&] { return !journal.lines().empty(); }));
    run.cancel();
  }
  run.wait();

  if (!is_root()) return;
  const auto lines = journal.lines();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "begun"), std::ssize(lines));
  EXPECT_LE(std::ssize(lines), GetParam().threads * GetParam().ranks);
  for (const TargetOutcome& outcome : run.outcomes())
    EXPECT_EQ(states(outcome), "cancelled cancelled");
}

TEST_P(ExecutorContract, AHandleDroppedEarlyCancelsAndWaits) {
  if (!GetParam().is_concurrent) GTEST_SKIP() << "a run has ended when it can be dropped";
  const Graph graph = chain(endless_task(journal), add_one_task(journal));
  const auto made = executor();

  {
    const auto run =
        made->run_targets(graph, number_targets(graph, "ended", std::vector<double>(50, 1.0)));
    if (is_root()) {
      EXPECT_TRUE(eventually([&] { return !journal.lines().empty(); }));
    }
  }

  const auto lines = journal.lines();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "begun"), std::ssize(lines));
}

TEST_P(ExecutorContract, CancelAfterTheEndChangesNothing) {
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  auto run = executor()->run_targets(graph, number_targets(graph, "double", {3}));
  run.wait();

  run.cancel();

  EXPECT_TRUE(run.is_finished());
  if (!is_root()) return;
  EXPECT_EQ(states(run.outcomes().at(0)), "done done");
}

TEST_P(ExecutorContract, ItsDestructorWaitsForItsRuns) {
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  auto made = executor();
  auto run = made->run_targets(graph, number_targets(graph, "double", {1, 2, 3, 4}));

  made.reset();

  EXPECT_TRUE(run.is_finished());
  if (!is_root()) return;
  EXPECT_EQ(run.outcomes().size(), 4);
  EXPECT_EQ(journal.lines().size(), 8);
}

TEST_P(ExecutorContract, RunsTwoRunsOneAfterTheOther) {
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  const auto made = executor();

  for (int i = 0; i < 2; ++i) {
    auto run = made->run_targets(graph, number_targets(graph, "double", {1, 2, 3}));
    run.wait();
    if (is_root()) {
      EXPECT_EQ(run.outcomes().size(), 3);
    }
  }

  if (is_root()) {
    EXPECT_EQ(journal.lines().size(), 12);
  }
}

TEST_P(ExecutorContract, ASourceThatThrowsEndsTheRunAfterTheTargetsBeforeIt) {
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  int given = 0;
  const auto source = [&]() -> std::optional<Target> {
    if (given == 3) throw Error(ErrorKind::Parse, "query.fasta:3:17: expected a residue letter.");
    Target target = number_target(graph, "double", given);
    target.index = given++;
    return target;
  };
  auto run = executor()->run_source(graph, source, {});

  if (is_root()) {
    expect_error(ErrorKind::Parse, "query.fasta:3:17", [&] { run.wait(); });
    EXPECT_EQ(run.outcomes().size(), 3);
    for (const TargetOutcome& outcome : run.outcomes()) EXPECT_TRUE(outcome.is_good());
  } else {
    try {
      run.wait();
    } catch (const Error&) {  // a rank may learn of it or not
    }
  }
}

TEST_P(ExecutorContract, ASourceThatBlocksDoesNotHoldUpItsEarlierTargets) {
  if (!GetParam().is_concurrent) GTEST_SKIP() << "nothing runs while the source is asked";
  const Graph graph = chain(double_task(journal), add_one_task(journal));
  int given = 0;
  bool was_done = true;
  const auto source = [&]() -> std::optional<Target> {
    if (given == 2) return std::nullopt;
    if (given == 1) was_done = was_done && eventually([&] { return journal.lines().size() >= 2; });
    Target target = number_target(graph, "double", given);
    target.index = given++;
    return target;
  };

  auto run = executor()->run_source(graph, source, {});
  run.wait();

  EXPECT_TRUE(was_done);
  if (is_root()) {
    EXPECT_EQ(journal.lines().size(), 4);
  }
}

}  // namespace foldstream::test
