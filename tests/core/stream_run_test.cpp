// Streams of runs on threads: damage, chains, conditions, lists, batches, and what is held.
#include "core/stream_case.hpp"

#include <foldstream/control.hpp>
#include <foldstream/thread_executor.hpp>

namespace foldstream::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

/// Hears of streams, and of what is started.
class Listener final : public Observer {
 public:
  void notify(const Event& event) override {
    if (event.what == Event::What::stream_opened)
      heard.push_back(event.task + "." + event.text + (event.outcome.key ? " with key" : ""));
    if (event.what == Event::What::task_retried) heard.push_back(event.outcome.message);
  }
  std::vector<std::string> heard;
};

class StreamRun : public testing::Test {
 protected:
  TargetOutcome run(const Graph& graph, RunOptions options) {
    auto run = executor.run_targets(graph, {number_target(graph, "count", 5)}, std::move(options));
    run.wait();
    return run.outcomes().at(0);
  }
  RunOptions options() const { return {.store = store, .observer = listener}; }
  /// The stream of the only target of an earlier run.
  Key stream_of(const TargetOutcome& outcome) const {
    return stream_id(outcome.tasks.at(0).key.value(), "numbers");
  }

  const TemporaryFolder folder;
  const Journal journal{folder.path() / "calls"};
  const std::shared_ptr<StreamingStore> store = std::make_shared<StreamingStore>();
  const std::shared_ptr<Listener> listener = std::make_shared<Listener>();
  ThreadExecutor executor{{.threads = 4}};
};

TEST_F(StreamRun, TellsWhenAStreamBegins) {
  run(stream_graph(stream_task(count_to), {sum_task(journal)}), options());
  Task unkeyed = stream_task(count_to);
  unkeyed.identity.clear();
  run(stream_graph(unkeyed, {sum_task(journal)}), options());

  EXPECT_THAT(listener->heard, ElementsAre("count.numbers with key", "count.numbers"));
}

TEST_F(StreamRun, ADamagedChunkIsMadeAnewByItsConsumersRetry) {
  const Graph graph = stream_graph(stream_task(count_to), {sum_task(journal)});
  const Key id = stream_of(run(graph, options()));
  store->streams()->damage(id, 3);
  Task changed = sum_task(journal);
  changed.identity = "sum 2";
  changed.retry.backoff_seconds = 0;

  const auto outcome = run(stream_graph(stream_task(count_to), {changed}), options());

  EXPECT_EQ(states(outcome), "reused done");
  EXPECT_THAT(listener->heard, Contains("chunk 3 is damaged."));
  EXPECT_THAT(journal.lines(), ElementsAre("sum 10", "sum 10"));
  EXPECT_EQ(store->streams()->appended, 7);  // 5, then the last two again
  EXPECT_TRUE(store->streams()->find(id)->is_complete);
}

TEST_F(StreamRun, ManyConsumersOfADamagedStreamHaveItMadeAnewOnce) {
  const Graph graph = stream_graph(stream_task(count_to), {});
  store->streams()->damage(stream_of(run(graph, options())), 0);
  std::vector<Task> consumers;
  for (const std::string name : {"a", "b", "c", "d", "e", "f"}) {
    consumers.push_back(sum_task(journal, name));
    consumers.back().retry = {.io = 50, .backoff_seconds = 0.001};
  }

  const auto outcome = run(stream_graph(stream_task(count_to), consumers), options());

  EXPECT_TRUE(outcome.is_good()) << outcome.worst().message;
  EXPECT_EQ(store->streams()->appended, 10);
}

TEST_F(StreamRun, AnIncompleteStreamMakesItsTaskRunAgain) {
  const Graph graph = stream_graph(stream_task(count_to), {sum_task(journal)});
  const Key id = stream_of(run(graph, options()));
  store->streams()->damage(id, 2);
  EXPECT_THROW(store->streams()->read(id, 2), Error);

  const auto outcome = run(graph, options());

  EXPECT_EQ(states(outcome), "done reused");
  EXPECT_EQ(store->streams()->appended, 8);
}

/// Gives each chunk of its input on, one larger; both ends run at the same time.
Task pass_task(const std::string& name) {
  Task task = stream_task(count_to);
  task.name = name;
  task.identity = name + " 1";
  task.inputs = {{"numbers", PortType::of<Stream>(), ""}};
  task.body = [](const Values& inputs, const Context& context) -> Values {
    const auto reader = context.read_stream(inputs.at("numbers").as<Stream>());
    const auto writer = context.open_stream("numbers", numbers_type);
    while (const auto chunk = reader->next()) writer->append(chunk->clone());
    return {};
  };
  return task;
}

Graph chain_of_streams(Task producer, const Journal& journal) {
  Graph graph = stream_graph(std::move(producer), {pass_task("pass")});
  const TaskRef again = graph.add(pass_task("again"));
  graph.connect(graph.task("pass").output("numbers"), again.input("numbers"));
  graph.connect(again.output("numbers"), graph.add(sum_task(journal)).input("numbers"));
  return graph;
}

TEST_F(StreamRun, AChainOfStreamsRunsAtOnce) {
  const auto chunks_read = std::make_shared<std::atomic<int>>(0);
  const auto give = [=](StreamWriter& writer, double, const Context&) {
    writer.append(chunk_of(0));
    if (!eventually([&] { return *chunks_read > 0; }))
      throw Error(ErrorKind::InvalidArgument, "nobody reads.");
    writer.append(chunk_of(1));
  };
  Graph graph = stream_graph(stream_task(give), {pass_task("pass")});
  graph.connect(graph.task("pass").output("numbers"),
                graph.add(sum_task(journal, "sum", [=] { ++*chunks_read; })).input("numbers"));

  EXPECT_EQ(states(run(graph, options())), "done done done");
  EXPECT_THAT(journal.lines(), ElementsAre("sum 1"));
}

TEST_F(StreamRun, AChainFailsFromItsBeginning) {
  const auto give = [](StreamWriter& writer, double x, const Context& context) {
    count_to(writer, x, context);
    throw Error(ErrorKind::InvalidArgument, "x is odd.");
  };

  const auto outcome = run(chain_of_streams(stream_task(give), journal), options());

  EXPECT_EQ(states(outcome), "failed skipped skipped skipped");
  for (int i = 1; i < 4; ++i)
    EXPECT_EQ(outcome.tasks[static_cast<std::size_t>(i)].message, "'count' failed: x is odd.");
}

TEST_F(StreamRun, ManyChainsOfOneKeyShareTheirStreams) {
  const Graph graph = chain_of_streams(stream_task(count_to), journal);
  std::vector<double> same(50, 100);
  RunOptions lean = options();
  lean.keep_values = false;
  lean.streams = std::make_shared<StreamHub>(store, StreamHubOptions{.window_bytes = 100});

  auto run = executor.run_targets(graph, number_targets(graph, "count", same), lean);
  run.wait();

  for (const TargetOutcome& outcome : run.outcomes())
    EXPECT_TRUE(outcome.is_good()) << outcome.worst().message;
  EXPECT_EQ(store->streams()->appended, 300);
  EXPECT_EQ(lean.streams->held_bytes(), 0);
}

TEST_F(StreamRun, WithoutAStoreNothingIsHeldAfterATarget) {
  const Graph graph = chain_of_streams(stream_task(count_to), journal);
  const auto hub = std::make_shared<StreamHub>();
  std::vector<double> numbers(100, 10);

  auto run = executor.run_targets(graph, number_targets(graph, "count", numbers),
                                  {.keep_values = false, .streams = hub});
  run.wait();

  for (const TargetOutcome& outcome : run.outcomes())
    EXPECT_TRUE(outcome.is_good()) << outcome.worst().message;
  EXPECT_EQ(hub->held_bytes(), 0);
}

TEST_F(StreamRun, AKeptRunHoldsItsStreamsUntilItIsGone) {
  const Graph graph = stream_graph(stream_task(count_to), {});
  const auto hub = std::make_shared<StreamHub>();
  {
    auto run = executor.run_targets(graph, {number_target(graph, "count", 3)}, {.streams = hub});
    const Stream& stream = run.get<Stream>(graph.task("count").output("numbers"));
    EXPECT_THAT(read_all(*hub->read(stream, {"", "host", ""}, {})), ElementsAre(0, 1, 2));
  }

  EXPECT_EQ(hub->held_bytes(), 0);
}

TEST_F(StreamRun, AConsumerThatAlsoNeedsTheEndWaitsForIt) {
  Task producer = stream_task(count_to);
  producer.outputs.push_back({"y", PortType::of<Number>(), ""});
  producer.body = [body = producer.body](const Values& inputs, const Context& context) -> Values {
    body(inputs, context);
    return {{"y", inputs.at("x")}};
  };
  Task both = sum_task(journal);
  both.inputs.push_back({"x", PortType::of<Number>(), ""});
  Graph graph = stream_graph(producer, {both});
  graph.connect(graph.task("count").output("y"), graph.task("sum").input("x"));

  EXPECT_EQ(states(run(graph, options())), "done done");
  EXPECT_THAT(journal.lines(), ElementsAre("sum 10"));
}

TEST_F(StreamRun, AValueMayNameTheStreamOfAnotherTask) {
  Task chosen = pass_task("choose");
  chosen.body = [](const Values& inputs, const Context&) -> Values {
    return {{"numbers", inputs.at("numbers")}};
  };
  Graph graph = stream_graph(stream_task(count_to), {chosen});
  graph.connect(graph.task("choose").output("numbers"),
                graph.add(sum_task(journal)).input("numbers"));

  EXPECT_EQ(states(run(graph, options())), "done done done");
  EXPECT_EQ(states(run(graph, options())), "reused reused reused");
}

TEST_F(StreamRun, AStreamOpenedTwiceOrNowhereIsRefused) {
  Task task = stream_task(count_to);
  task.body = [](const Values&, const Context& context) -> Values {
    expect_error(ErrorKind::NotFound, "Did you mean 'numbers'?",
                 [&] { context.open_stream("number", numbers_type); });
    const auto writer = context.open_stream("numbers", numbers_type);
    context.open_stream("numbers", numbers_type);
    return {};
  };

  const auto outcome = run(stream_graph(task, {sum_task(journal)}), options());

  EXPECT_EQ(states(outcome), "failed skipped");
  EXPECT_THAT(outcome.tasks[0].message, HasSubstr("opened stream 'numbers' twice"));
}

TEST_F(StreamRun, ABatchedBodyIsRefusedAStreamAndItsTasksRunAlone) {
  Task task = stream_task(count_to);
  task.batching.budget = 2;
  task.batching.body = [](std::span<const Values>, const Context& context) {
    context.open_stream("numbers", numbers_type);
    return std::vector<Values>();
  };

  EXPECT_EQ(states(run(stream_graph(task, {sum_task(journal)}), options())), "done done");
  EXPECT_THAT(journal.lines(), ElementsAre("sum 10"));
}

TEST_F(StreamRun, TasksInsideAListMayStream) {
  Graph each = stream_graph(stream_task(count_to), {sum_task(journal)});
  Graph graph;
  const TaskRef mapped = graph.add(map_task<Number, Number>(
      "each", each, each.task("count").input("x"), each.task("sum").output("y")));
  const std::vector<Number> items = {{1}, {2}, {3}, {4}};

  auto run = executor.run(graph, {{mapped.input("items"), items}}, options());
  run.wait();

  EXPECT_TRUE(run.outcomes()[0].is_good()) << run.outcomes()[0].worst().message;
  EXPECT_THAT(journal.lines(), testing::UnorderedElementsAre("sum 0", "sum 1", "sum 3", "sum 6"));
}

TEST_F(StreamRun, AProducerThatFailsAfterItsConsumerEndedLeavesItDone) {
  const auto chunks_read = std::make_shared<std::atomic<bool>>(false);
  const auto give = [=](StreamWriter& writer, double, const Context&) {
    writer.append(chunk_of(0));
    eventually([&] { return chunks_read->load(); });
    throw Error(ErrorKind::InvalidArgument, "x is odd.");
  };
  Task first = sum_task(journal, "first");
  first.body = [=](const Values& inputs, const Context& context) -> Values {
    const auto reader = context.read_stream(inputs.at("numbers").as<Stream>());
    return {{"y", Value::of(Number{first_of(*reader->next())})}};
  };
  Task after = number_task(journal, "after", {"x"}, [=](const Values&, const Context&) {
    *chunks_read = true;
    return 0.0;
  });
  Graph graph = stream_graph(stream_task(give), {first});
  graph.connect(graph.task("first").output("y"), graph.add(after).input("x"));

  EXPECT_EQ(states(run(graph, options())), "failed done done");
}

}  // namespace
}  // namespace foldstream::test
