// The executor contract, part 6: streams flow while they are made, and what was stored of them is
// not made again.
#pragma once

#include "core/executor_contract.hpp"
#include "core/stream_case.hpp"

namespace foldstream::test {

TEST_P(ExecutorContract, AConsumerBeginsBeforeItsProducerEnds) {
  if (!runs_two_of_a_target()) GTEST_SKIP() << "needs two threads";
  const auto chunks_read = std::make_shared<std::atomic<int>>(0);
  const auto give = [=](StreamWriter& writer, double x, const Context&) {
    for (int i = 0; i < x; ++i) {
      writer.append(chunk_of(i));
      if (!eventually([&] { return *chunks_read > i; }))
        throw Error(ErrorKind::InvalidArgument, "nobody reads.");
    }
  };
  const Graph graph = stream_graph(
      stream_task(give), {sum_task(journal, "sum", [=] { ++*chunks_read; })});

  const auto outcomes = finish(graph, {number_target(graph, "count", 5)});

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "done done");
  EXPECT_THAT(journal.lines(), ElementsAre("sum 10"));
}

TEST_P(ExecutorContract, ConsumersGetAllChunksOfEachTarget) {
  const Graph graph = stream_graph(stream_task(count_to),
                                   {sum_task(journal, "sum_a"), sum_task(journal, "sum_b")});
  std::vector<double> numbers(40);
  std::iota(numbers.begin(), numbers.end(), 0.0);

  const auto outcomes = finish(graph, number_targets(graph, "count", numbers));

  if (!is_root()) return;
  for (const TargetOutcome& outcome : outcomes) EXPECT_EQ(states(outcome), "done done done");
  const auto lines = journal.lines();
  EXPECT_EQ(lines.size(), 80);
  EXPECT_THAT(lines, testing::IsSupersetOf({"sum_a 741", "sum_b 741", "sum_a 703", "sum_a 3"}));
}

TEST_P(ExecutorContract, StreamsAreReadAndNotMadeAgain) {
  const RunOptions options{.store = GetParam().make_store()};
  if (options.store->streams() == nullptr) GTEST_SKIP() << "this store keeps no streams";
  const Graph graph = stream_graph(stream_task(count_to), {sum_task(journal)});
  finish(graph, {number_target(graph, "count", 5)}, options);
  Task changed = sum_task(journal);
  changed.identity = "sum 2";

  const auto same = finish(graph, {number_target(graph, "count", 5)}, options);
  const Graph after = stream_graph(stream_task(count_to), {changed});
  const auto outcomes = finish(after, {number_target(after, "count", 5)}, options);

  if (!is_root()) return;
  EXPECT_EQ(states(same.at(0)), "reused reused");
  EXPECT_EQ(states(outcomes.at(0)), "reused done");
  EXPECT_THAT(journal.lines(), ElementsAre("sum 10", "sum 10"));
}

TEST_P(ExecutorContract, AnInterruptedProducerFindsItsChunksInTheNextRun) {
  const RunOptions options{.store = GetParam().make_store()};
  if (options.store->streams() == nullptr) GTEST_SKIP() << "this store keeps no streams";
  const auto give = [this](StreamWriter& writer, double x, const Context& context) {
    journal.write("stored " + std::to_string(writer.stored()));
    count_to(writer, writer.stored() == 0 ? 3 : x, context);
    if (writer.stored() == 0) throw Error(ErrorKind::InvalidArgument, "interrupted.");
  };
  const Graph graph = stream_graph(stream_task(give), {sum_task(journal)});

  const auto first = finish(graph, {number_target(graph, "count", 6)}, options);
  const auto second = finish(graph, {number_target(graph, "count", 6)}, options);

  if (!is_root()) return;
  EXPECT_EQ(states(first.at(0)), "failed skipped");
  EXPECT_EQ(states(second.at(0)), "done done");
  EXPECT_THAT(journal.lines(), ElementsAre("stored 0", "stored 3", "sum 15"));
}

TEST_P(ExecutorContract, AConsumerOfAFailedProducerIsSkipped) {
  const bool is_read = runs_two_of_a_target();
  const auto chunks_read = std::make_shared<std::atomic<int>>(0);
  const auto give = [=](StreamWriter& writer, double, const Context&) {
    writer.append(chunk_of(0));
    if (is_read && !eventually([&] { return *chunks_read > 0; })) return;
    throw Error(ErrorKind::InvalidArgument, "x is odd.");
  };
  Graph graph = stream_graph(stream_task(give),
                             {sum_task(journal, "sum", [=] { ++*chunks_read; })});
  graph.connect(graph.task("sum").output("y"), graph.add(add_one_task(journal)).input("x"));

  const auto outcomes = finish(graph, {number_target(graph, "count", 5)});

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "failed skipped skipped");
  EXPECT_EQ(outcomes[0].tasks[1].message, "'count' failed: x is odd.");
  EXPECT_EQ(outcomes[0].tasks[2].message, "'count' failed: x is odd.");
}

TEST_P(ExecutorContract, AProducerThatIsRetriedGoesOnForItsConsumers) {
  const auto give = [](StreamWriter& writer, double x, const Context& context) {
    count_to(writer, context.attempt == 1 ? 3 : x, context);
    if (context.attempt == 1) throw Error(ErrorKind::Io, "the network hiccuped.");
  };
  const Graph graph = stream_graph(stream_task(give), {sum_task(journal)});

  const auto outcomes = finish(graph, number_targets(graph, "count", {5, 6, 7, 8}));

  if (!is_root()) return;
  for (const TargetOutcome& outcome : outcomes) EXPECT_EQ(states(outcome), "done done");
  EXPECT_EQ(journal.lines().size(), 4);
}

TEST_P(ExecutorContract, AProducerThatGivesOtherChunksWhenItIsRetriedIsTold) {
  const auto give = [](StreamWriter& writer, double, const Context& context) {
    writer.append(chunk_of(context.attempt));
    if (context.attempt == 1) throw Error(ErrorKind::Io, "the network hiccuped.");
  };
  const Graph graph = stream_graph(stream_task(give), {});

  const auto outcomes = finish(graph, {number_target(graph, "count", 5)});

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "failed");
  EXPECT_THAT(outcomes[0].tasks[0].message, testing::HasSubstr("task 'count' is not pure"));
}

TEST_P(ExecutorContract, AStreamThatIsNotOpenedIsEmpty) {
  const RunOptions options{.store = GetParam().make_store()};
  Task silent = stream_task(count_to);
  silent.body = [](const Values&, const Context&) { return Values(); };
  const Graph graph = stream_graph(silent, {sum_task(journal)});

  const auto outcomes = finish(graph, {number_target(graph, "count", 5)}, options);

  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "done done");
  EXPECT_THAT(journal.lines(), ElementsAre("sum 0"));
}

TEST_P(ExecutorContract, CancelWakesThoseThatWaitForAStream) {
  if (!runs_two_of_a_target()) GTEST_SKIP() << "needs two threads";
  const auto give = [](StreamWriter& writer, double, const Context& context) {
    writer.append(chunk_of(0));
    eventually([&] { return context.stop.stop_requested(); });
    context.check_cancelled();
  };
  const Graph graph = stream_graph(
      stream_task(give), {sum_task(journal, "sum", [this] { journal.write("begun"); })});
  const auto made = executor();
  auto run = made->run_targets(graph, {number_target(graph, "count", 5)});

  if (is_root()) {
    EXPECT_TRUE(eventually([&] { return !journal.lines().empty(); }));
    run.cancel();
  }
  run.wait();

  if (!is_root()) return;
  EXPECT_EQ(states(run.outcomes().at(0)), "cancelled cancelled");
  EXPECT_THAT(journal.lines(), ElementsAre("begun"));
}

TEST_P(ExecutorContract, StreamsStayWithinTheirWindow) {
  const auto store = GetParam().make_store();
  const auto hub = std::make_shared<StreamHub>(store, StreamHubOptions{.window_bytes = 320});
  const Graph graph = stream_graph(stream_task(count_to), {sum_task(journal)});

  const auto outcomes =
      finish(graph, {number_target(graph, "count", 500)}, {.store = store, .streams = hub});

  EXPECT_EQ(hub->held_bytes(), 0);
  if (store->streams() != nullptr) {
    EXPECT_LE(hub->peak_bytes(), 320);
  }
  if (!is_root()) return;
  EXPECT_EQ(states(outcomes.at(0)), "done done");
  EXPECT_THAT(journal.lines(), ElementsAre("sum 124750"));
}

}  // namespace foldstream::test
