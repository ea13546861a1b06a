// The executor contract, part 4: retries, timeouts and batches.
#pragma once

#include "core/contract_flow.hpp"
#include "core/executor_contract.hpp"

#include <new>

namespace foldstream::test {

/// y = x at the attempt number `good`; those before it fail with `kind`.
inline Task flaky_task(const Journal& journal, ErrorKind kind, int good) {
  Task task = number_task(journal, "flaky", {"x"},
                          [journal, kind, good](const Values& in, const Context& context) {
                            const std::string attempt = std::to_string(context.attempt);
                            if (context.attempt >= good) return number(in, "x");
                            journal.write("broke " + attempt);
                            throw Error(kind, "attempt " + attempt + " broke.");
                          });
  task.retry.backoff_seconds = 1e-3;
  return task;
}

TEST_P(ExecutorContract, AnIoErrorIsRetriedUntilItSucceeds) {
  const Graph graph = chain(flaky_task(journal, ErrorKind::Io, 3), add_one_task(journal));

  const auto outcomes = finish(graph, number_targets(graph, "flaky", {5}));

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "done done");
  EXPECT_THAT(journal.lines(), ElementsAre("broke 1", "broke 2", "flaky 5", "add_one 6"));
}

TEST_P(ExecutorContract, AnErrorOfTheUserIsNeverRetried) {
  for (const ErrorKind kind : {ErrorKind::Parse, ErrorKind::NotFound, ErrorKind::InvalidArgument,
                               ErrorKind::Unsupported, ErrorKind::Internal}) {
    const Graph graph = chain(flaky_task(journal, kind, 2), add_one_task(journal));

    const auto outcomes = finish(graph, number_targets(graph, "flaky", {5}));

    if (!is_root()) continue;
    EXPECT_EQ(states(outcomes.at(0)), "failed skipped");
    EXPECT_THAT(journal.lines(), ElementsAre("broke 1"));
    journal.clear();
  }
}

TEST_P(ExecutorContract, WhatFailsAtItsLastRetryFailsInItsLastWords) {
  const Graph graph = chain(flaky_task(journal, ErrorKind::Io, 9), add_one_task(journal));

  const auto outcomes = finish(graph, number_targets(graph, "flaky", {5}));

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "failed skipped");
  EXPECT_EQ(outcomes[0].worst().message, "attempt 3 broke.");
  EXPECT_THAT(journal.lines(), ElementsAre("broke 1", "broke 2", "broke 3"));
}

TEST_P(ExecutorContract, ATaskThatRanOutOfMemoryIsToldToShrink) {
  Task task = number_task(journal, "wide", {"x"}, [](const Values&, const Context& context) {
    if (context.shrink < 2) throw std::bad_alloc();
    return context.shrink * 10 + context.attempt;
  });
  task.retry.resources = 2;
  task.retry.backoff_seconds = 1e-3;
  Graph graph;
  graph.add(task);

  const auto outcomes = finish(graph, number_targets(graph, "wide", {5}));

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "done");
  EXPECT_THAT(journal.lines(), ElementsAre("wide 23"));
}

TEST_P(ExecutorContract, ATaskThatTakesTooLongFails) {
  if (!GetParam().is_concurrent) GTEST_SKIP() << "no time passes while a body runs";
  Task slow = number_task(journal, "slow", {"x"}, [](const Values&, const Context& context) {
    eventually([&] { return context.stop.stop_requested(); });
    context.check_cancelled();
    return 0.0;
  });
  slow.timeout_seconds = 0.05;
  const Graph graph = chain(std::move(slow), add_one_task(journal));

  const auto outcomes = finish(graph, number_targets(graph, "slow", {5}));

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "failed skipped");
  EXPECT_EQ(to_string(outcomes[0].worst().kind), "task");
  EXPECT_THAT(outcomes[0].worst().message, HasSubstr("it took longer than the 0.05"));
}

TEST_P(ExecutorContract, ATaskThatEndsInTimeIsNotHarmedByItsTimeout) {
  Task quick = double_task(journal);
  quick.timeout_seconds = 1000;
  const Graph graph = chain(std::move(quick), add_one_task(journal));

  const auto outcomes = finish(graph, number_targets(graph, "double", {1, 2, 3}));

  if (!is_root()) return;
  for (const TargetOutcome& outcome : outcomes) EXPECT_EQ(states(outcome), "done done");
}

/// y = x², even and odd numbers in batches of their own, which must not be mixed; 2 is refused.
inline Task batched_task(const Journal& journal, double budget, double delay_seconds) {
  Task task = number_task(journal, "square", {"x"}, [](const Values& in, const Context&) {
    if (number(in, "x") == 2) throw Error(ErrorKind::Parse, "two is not a number.");
    return number(in, "x") * number(in, "x");
  });
  task.batching.budget = budget;
  task.batching.delay_seconds = delay_seconds;
  task.batching.key = [](const Values& in) {
    return std::lround(number(in, "x")) % 2 == 0 ? "even" : "odd";
  };
  task.batching.body = [journal, key = task.batching.key](std::span<const Values> inputs,
                                                          const Context&) {
    std::vector<Values> outputs;
    for (const Values& in : inputs) {
      const double x = number(in, "x");
      if (x == 2) throw Error(ErrorKind::Task, "one of the batch broke it.");
      if (key(in) != key(inputs[0])) throw Error(ErrorKind::Internal, "mixed");
      outputs.push_back({{"y", Value::of(Number{x * x})}});
    }
    journal.write("batch " + key(inputs[0]) + " " + std::to_string(inputs.size()));
    return outputs;
  };
  return task;
}

/// How many tasks ran in batches by the lines of a journal.
inline int members_of(const std::vector<std::string>& lines) {
  int members = 0;
  for (const std::string& line : lines)
    if (line.starts_with("batch ")) members += std::stoi(line.substr(line.rfind(' ')));
  return members;
}

TEST_P(ExecutorContract, BatchedTasksGiveWhatEachAloneWould) {
  const Graph graph = chain(batched_task(journal, 4, 0.01), add_one_task(journal));
  const std::vector<double> numbers = {1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

  auto run = executor()->run_targets(graph, number_targets(graph, "square", numbers),
                                     {.store = GetParam().make_store()});
  run.wait();

  if (!is_root()) return;
  EXPECT_EQ(members_of(journal.lines()), std::ssize(numbers));
  for (std::size_t i = 0; i < numbers.size(); ++i)
    EXPECT_EQ(run.get<Number>(graph.task("add_one").output("y"), static_cast<int>(i)).value,
              numbers[i] * numbers[i] + 1);
}

TEST_P(ExecutorContract, AnIncompleteBatchIsHandedOverAfterAWhile) {
  const Graph graph = chain(batched_task(journal, 1000, 0.01), add_one_task(journal));

  const auto outcomes = finish(graph, number_targets(graph, "square", {1, 3, 5}));

  if (!is_root()) return;
  for (const TargetOutcome& outcome : outcomes) EXPECT_EQ(states(outcome), "done done");
  EXPECT_EQ(members_of(journal.lines()), 3);
}

TEST_P(ExecutorContract, TheMembersOfABatchThatThrowsAreRunOneByOne) {
  const Graph graph = chain(batched_task(journal, 3, 0.01), add_one_task(journal));

  const auto outcomes = finish(graph, number_targets(graph, "square", {2, 4, 6}));

  if (!is_root()) return;
  ASSERT_EQ(outcomes.size(), 3);
  EXPECT_EQ(states(outcomes[0]), "failed skipped");
  EXPECT_EQ(outcomes[0].worst().message, "two is not a number.");
  EXPECT_EQ(states(outcomes[1]), "done done");
  EXPECT_EQ(states(outcomes[2]), "done done");
}

TEST_P(ExecutorContract, TheMembersOfABatchAreStoredOneByOne) {
  const RunOptions options{.store = GetParam().make_store()};
  const Graph graph = chain(batched_task(journal, 2, 0.01), add_one_task(journal));
  finish(graph, number_targets(graph, "square", {1, 3, 5}), options);
  if (is_root()) journal.clear();

  const auto outcomes = finish(graph, number_targets(graph, "square", {1, 5, 7}), options);

  if (!is_root()) return;
  ASSERT_EQ(outcomes.size(), 3);
  EXPECT_EQ(states(outcomes[1]), "reused reused");
  EXPECT_THAT(journal.lines(), ElementsAre("batch odd 1", "add_one 50"));
}

}  // namespace foldstream::test
