// Foldstream inside a program that has oneTBB threads, limits and an arena of its own.
//
//   host: global_control(2), task_arena(2)
//     ├─ parallel_for of the host  │ meanwhile, on the executor's threads:
//     │                            │ 4 x ( n ─> [sum] ─> total )
//     └─ Flow: a table of 64 x 64 cells, each after the one above and the one to its left
//
//          (i-1,j) ──┐
//          (i,j-1) ──┴─> (i,j)
//
// The executor has threads of its own; it neither joins the host's arena nor touches its limits.
// A flow is for inner loops too fine for tasks of a graph, and is called by the host, never by a
// task of the same executor. Prints "graph: 15005000", "flow: 100009" and "the host's limits are as
// they were".
#include <foldstream/flow.hpp>
#include <foldstream/graph.hpp>
#include <foldstream/thread_executor.hpp>

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace tbb = oneapi::tbb;

using foldstream::Context;
using foldstream::PortType;
using foldstream::Task;
using foldstream::Value;
using foldstream::Values;

namespace {

/// What oneTBB lets the calling thread use.
struct Limits {
  std::size_t parallelism =
      tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
  std::size_t stack_size =
      tbb::global_control::active_value(tbb::global_control::thread_stack_size);
  int arena_width = tbb::this_task_arena::max_concurrency();

  friend bool operator==(const Limits&, const Limits&) = default;
};

/// 1 + … + n, with as many oneTBB threads as the task was granted.
Task sum_task() {
  Task task;
  task.name = "sum";
  task.max_threads = 2;
  task.inputs = {{"n", PortType::of<std::int64_t>()}};
  task.outputs = {{"total", PortType::of<std::int64_t>()}};
  task.body = [](const Values& inputs, const Context& context) -> Values {
    if (tbb::this_task_arena::max_concurrency() > context.threads)
      throw std::runtime_error("oneTBB may use more threads here than the task was granted.");
    const tbb::blocked_range<std::int64_t> numbers(1, inputs.at("n").as<std::int64_t>() + 1);
    const auto sum = [](const auto& range, std::int64_t total) {
      for (std::int64_t i = range.begin(); i < range.end(); ++i) total += i;
      return total;
    };
    return {{"total", Value::of(tbb::parallel_reduce(numbers, std::int64_t{0}, sum,
                                                     std::plus<std::int64_t>()))}};
  };
  return task;
}

/// Of n = 1000, 2000, 3000 and 4000 all sums together; the host does something else meanwhile.
std::int64_t run_graph(foldstream::ThreadExecutor& executor,
                       const std::function<void()>& something_else) {
  foldstream::Graph graph;
  const auto sum = graph.add(sum_task());
  std::vector<foldstream::Target> targets;
  for (std::int64_t n = 1000; n <= 4000; n += 1000)
    targets.push_back({std::to_string(n), {{sum.input("n"), n}}, {}, {}});
  auto run = executor.run_targets(graph, targets);  // returns at once
  something_else();
  std::int64_t total = 0;
  for (int target = 0; target < 4; ++target)
    total += run.get<std::int64_t>(sum.output("total"), target);
  return total;
}

/// How many ways lead from one corner of a table to the other, right and down, modulo 1,000,003.
std::int64_t run_flow(foldstream::ThreadExecutor& executor) {
  constexpr int side = 64;
  constexpr std::int64_t modulus = 1'000'003;
  foldstream::Flow flow(side * side);
  for (int cell = 0; cell < side * side; ++cell) {
    if (cell % side + 1 < side) flow.precede(cell, cell + 1);
    if (cell + side < side * side) flow.precede(cell, cell + side);
  }
  std::vector<std::int64_t> ways(side * side);
  flow.run(executor, [&](int cell, foldstream::FlowThread&) {
    const auto at = [&](int other) { return ways[static_cast<std::size_t>(other)]; };
    const std::int64_t above = cell >= side ? at(cell - side) : 0;
    const std::int64_t left = cell % side > 0 ? at(cell - 1) : 0;
    ways[static_cast<std::size_t>(cell)] = cell == 0 ? 1 : (above + left) % modulus;
  });
  return ways.back();
}

/// The same, one cell after the other.
std::int64_t count_ways() {
  std::vector<std::int64_t> row(64, 1);
  for (int i = 1; i < 64; ++i)
    for (std::size_t j = 1; j < row.size(); ++j) row[j] = (row[j] + row[j - 1]) % 1'000'003;
  return row.back();
}

bool work_inside_the_host() {
  const Limits before;
  foldstream::ThreadExecutor executor({.threads = 2});
  std::atomic<int> calls = 0;
  const std::int64_t total =
      run_graph(executor, [&] { tbb::parallel_for(0, 1000, [&](int) { ++calls; }); });
  const std::int64_t ways = run_flow(executor);
  const bool is_untouched = Limits() == before;

  std::printf("graph: %lld\nflow: %lld\n", static_cast<long long>(total),
              static_cast<long long>(ways));
  std::printf("the host's limits are %s\n", is_untouched ? "as they were" : "changed");
  return is_untouched && total == 15'005'000 && ways == count_ways() && calls == 1000;
}

}  // namespace

int main() {
  try {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 2);
    tbb::task_arena arena(2);
    return arena.execute(work_inside_the_host) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
