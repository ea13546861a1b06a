// Flows: every light task once, none before those it waits for, on any number of threads.
#include "test_support.hpp"

#include <foldstream/flow.hpp>
#include <foldstream/thread_executor.hpp>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <vector>

namespace foldstream {
namespace {

using test::expect_error;

/// A random acyclic flow, and its edges.
struct RandomFlow {
  explicit RandomFlow(unsigned seed) {
    std::mt19937 random(seed);
    size = static_cast<int>(random() % 300) + 1;
    flow = Flow(size);
    std::vector<int> order(static_cast<std::size_t>(size));
    std::iota(order.begin(), order.end(), 0);
    std::ranges::shuffle(order, random);
    const unsigned edge_count = random() % static_cast<unsigned>(3 * size);
    for (unsigned i = 0; i < edge_count; ++i) {
      // now and then from the first: a wide fan
      const std::size_t a = random() % 3 == 0 ? 0 : random() % order.size();
      const std::size_t b = random() % order.size();
      if (a != b) edges.emplace_back(order[std::min(a, b)], order[std::max(a, b)]);
    }
    for (const auto& [before, after] : edges) flow.precede(before, after);
  }

  int size = 0;
  Flow flow{0};
  std::vector<std::pair<int, int>> edges;
};

/// When each task of a flow began and ended, and how often it ran.
struct Record {
  explicit Record(int size)
      : counts(static_cast<std::size_t>(size)), begins(counts.size()), ends(counts.size()) {}

  void call(int task) {
    const auto at = static_cast<std::size_t>(task);
    begins[at] = clock++;
    ++counts[at];
    ends[at] = clock++;
  }
  bool is_each_once() const {
    return std::ranges::all_of(counts, [](const auto& count) { return count == 1; });
  }
  bool keeps(const std::vector<std::pair<int, int>>& edges) const {
    return std::ranges::all_of(edges, [&](const auto& edge) {
      return ends[static_cast<std::size_t>(edge.first)] <
             begins[static_cast<std::size_t>(edge.second)];
    });
  }

  std::atomic<int> clock = 1;
  std::vector<std::atomic<int>> counts;
  std::vector<int> begins, ends;
};

class FlowOnThreads : public testing::TestWithParam<int> {
 protected:
  ThreadExecutor executor{{.threads = GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(Threads, FlowOnThreads, testing::Values(1, 2, 8));

TEST_P(FlowOnThreads, RunsEveryTaskOnceAndInOrder) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    RandomFlow random(seed);
    Record record(random.size);

    random.flow.run(executor, [&](int task, FlowThread&) { record.call(task); });

    ASSERT_TRUE(record.is_each_once()) << "seed " << seed;
    ASSERT_TRUE(record.keeps(random.edges)) << "seed " << seed;
  }
}

TEST_P(FlowOnThreads, MayRunAgainAndGrowInBetween) {
  RandomFlow random(7);
  Record first(random.size), second(random.size);
  random.flow.run(executor, [&](int task, FlowThread&) { first.call(task); });
  random.flow.run(executor, [&](int task, FlowThread&) { second.call(task); });
  Flow chained(2);
  chained.run(executor, [](int, FlowThread&) {});
  chained.precede(1, 0);
  std::vector<int> order;

  chained.run(executor, [&](int task, FlowThread&) { order.push_back(task); });

  EXPECT_TRUE(first.is_each_once() && second.is_each_once());
  EXPECT_TRUE(second.keeps(random.edges));
  EXPECT_THAT(order, testing::ElementsAre(1, 0));
}

TEST_P(FlowOnThreads, TracesEachTaskOnceAndInOrder) {
  RandomFlow random(11);
  std::vector<FlowSpan> trace;

  random.flow.run(
      executor, [](int, FlowThread&) {}, &trace);

  ASSERT_EQ(std::ssize(trace), random.size);
  std::ranges::sort(trace, {}, &FlowSpan::task);
  for (int i = 0; i < random.size; ++i) {
    const FlowSpan& span = trace[static_cast<std::size_t>(i)];
    EXPECT_EQ(span.task, i);
    EXPECT_LE(span.begin, span.end);
    EXPECT_LT(span.thread, GetParam());
  }
}

TEST_P(FlowOnThreads, AnExceptionStopsItAndIsRethrown) {
  Flow flow(1000);
  for (int i = 1; i < 1000; ++i) flow.precede(i - 1, i);
  std::atomic<int> last = 0;

  expect_error(ErrorKind::Parse, "the tenth", [&] {
    flow.run(executor, [&](int task, FlowThread&) {
      last = task;
      if (task == 10) throw Error(ErrorKind::Parse, "the tenth");
    });
  });

  EXPECT_EQ(last, 10);
}

TEST_P(FlowOnThreads, RunsAfterAnException) {
  Flow flow(100);
  EXPECT_THROW(flow.run(executor, [](int, FlowThread&) { throw 7; }), int);
  std::atomic<int> count = 0;

  flow.run(executor, [&](int, FlowThread&) { ++count; });

  EXPECT_EQ(count, 100);
}

/// Counts the leaves of a tree as the numbers of Fibonacci grow.
void grow(FlowThread& thread, int n, std::atomic<int>& leaves) {
  if (n < 2) {
    leaves += n;
    return;
  }
  for (const int less : {1, 2})
    thread.spawn([n, less, &leaves](FlowThread& other) { grow(other, n - less, leaves); });
}

TEST_P(FlowOnThreads, EndsAfterAllThatWasSpawned) {
  Flow flow(1);
  std::atomic<int> leaves = 0;
  std::vector<FlowSpan> trace;

  flow.run(
      executor, [&](int, FlowThread& thread) { grow(thread, 16, leaves); }, &trace);

  EXPECT_EQ(leaves, 987);
  EXPECT_EQ(std::ranges::count(trace, -1, &FlowSpan::task), std::ssize(trace) - 1);
  EXPECT_EQ(trace.size(), 2 * 1597 - 1);
}

TEST_P(FlowOnThreads, UsesNoMoreThreadsThanItIsTold) {
  Flow flow(500);
  std::atomic<int> most = 0;

  flow.run(
      executor,
      [&](int, FlowThread& thread) {
        for (int seen = most; thread.number() > seen;)
          if (most.compare_exchange_weak(seen, thread.number())) break;
      },
      nullptr, 2);

  EXPECT_LT(most, std::min(2, GetParam()));
}

TEST(Flow, WithoutTasksIsOverAtOnce) {
  ThreadExecutor executor({.threads = 2});
  std::vector<FlowSpan> trace(1);

  Flow(0).run(
      executor, [](int, FlowThread&) { FAIL(); }, &trace);

  EXPECT_TRUE(trace.empty());
}

TEST(Flow, RefusesACircle) {
  ThreadExecutor executor({.threads = 2});
  Flow flow(4);
  for (int i = 0; i < 3; ++i) flow.precede(i, i + 1);
  flow.precede(3, 1);
  const auto run = [&] { flow.run(executor, [](int, FlowThread&) { FAIL(); }); };

  expect_error(ErrorKind::InvalidArgument, "3 tasks of a flow wait for each other in a circle.",
               run);
  expect_error(ErrorKind::InvalidArgument, "wait for each other in a circle", run);
}

TEST(Flow, RefusesTasksOutOfRange) {
  Flow flow(3);

  expect_error(ErrorKind::InvalidArgument, "a flow of 3 tasks has no task 3.",
               [&] { flow.precede(0, 3); });
  expect_error(ErrorKind::InvalidArgument, "has no task -1.", [&] { flow.precede(-1, 0); });
  expect_error(ErrorKind::InvalidArgument, "cannot have -2 tasks", [] { Flow refused(-2); });
}

}  // namespace
}  // namespace foldstream
