#include "engine.hpp"

#include <foldstream/flow.hpp>
#include <foldstream/thread_executor.hpp>

#include <fmt/core.h>
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_group.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

namespace foldstream::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Edges = std::vector<std::pair<int, int>>;

constexpr int threads = 2;

double ns_since(Clock::time_point began, int tasks) {
  return std::chrono::duration<double, std::nano>(Clock::now() - began).count() / tasks;
}

/// A graph of empty tasks.
struct Shape {
  std::string name;
  int tasks;
  Edges edges;
  double goal;  ///< ns
};

std::vector<Shape> shapes(int tasks, int side) {
  Shape chain{"chain", tasks, {}, 30};
  for (int i = 1; i < tasks; ++i) chain.edges.emplace_back(i - 1, i);
  Shape fan{"fan-out", tasks + 1, {}, 30};
  for (int i = 1; i <= tasks; ++i) fan.edges.emplace_back(0, i);
  Shape wave{"wavefront", side * side, {}, 60};
  for (int i = 0; i < side; ++i) {
    for (int j = 0; j < side; ++j) {
      if (i + 1 < side) wave.edges.emplace_back(i * side + j, (i + 1) * side + j);
      if (j + 1 < side) wave.edges.emplace_back(i * side + j, i * side + j + 1);
    }
  }
  return {chain, fan, wave};
}

/// Empty but for a proof that each task runs: `counts` is its own byte for each.
double ours(const Shape& shape, ThreadExecutor& executor, bool is_traced, int repeats) {
  Flow flow(shape.tasks);
  for (const auto& [before, after] : shape.edges) flow.precede(before, after);
  std::vector<char> counts(static_cast<std::size_t>(shape.tasks), 0);
  std::vector<FlowSpan> trace;
  int runs = 0;
  const double ns = best_of(repeats, [&] {
    ++runs;
    trace.clear();
    const auto began = Clock::now();
    flow.run(
        executor, [&](int task, FlowThread&) { ++counts[static_cast<std::size_t>(task)]; },
        is_traced ? &trace : nullptr);
    return ns_since(began, shape.tasks);
  });
  for (const char count : counts)
    if (count != runs) throw std::runtime_error("a task did not run once");
  return ns;
}

double tbb_flow_graph(const Shape& shape, int repeats) {
  namespace flow = oneapi::tbb::flow;
  using Node = flow::continue_node<flow::continue_msg>;
  flow::graph graph;
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<char> counts(static_cast<std::size_t>(shape.tasks), 0);
  std::vector<char> has_predecessor(static_cast<std::size_t>(shape.tasks), 0);
  for (int i = 0; i < shape.tasks; ++i)
    nodes.push_back(std::make_unique<Node>(graph, [&counts, i](const flow::continue_msg&) {
      ++counts[static_cast<std::size_t>(i)];
    }));
  for (const auto& [before, after] : shape.edges) {
    flow::make_edge(*nodes[static_cast<std::size_t>(before)], *nodes[static_cast<std::size_t>(after)]);
    has_predecessor[static_cast<std::size_t>(after)] = 1;
  }
  return best_of(repeats, [&] {
    const auto began = Clock::now();
    for (std::size_t i = 0; i < nodes.size(); ++i)
      if (has_predecessor[i] == 0) nodes[i]->try_put(flow::continue_msg());
    graph.wait_for_all();
    return ns_since(began, shape.tasks);
  });
}

double spawned(int tasks, ThreadExecutor& executor, int repeats) {
  std::array<std::atomic<int>, threads> done{};
  return best_of(repeats, [&] {
    Flow flow(1);
    const auto began = Clock::now();
    flow.run(executor, [&](int, FlowThread& root) {
      for (int i = 0; i < tasks; ++i)
        root.spawn([&](FlowThread& thread) {
          done[static_cast<std::size_t>(thread.number())].fetch_add(1, std::memory_order_relaxed);
        });
    });
    return ns_since(began, tasks);
  });
}

double tbb_task_group(int tasks, int repeats) {
  std::atomic<int> done = 0;
  return best_of(repeats, [&] {
    oneapi::tbb::task_group group;
    const auto began = Clock::now();
    for (int i = 0; i < tasks; ++i)
      group.run([&] { done.fetch_add(1, std::memory_order_relaxed); });
    group.wait();
    return ns_since(began, tasks);
  });
}

/// ns a task as the peer's own process measures it; nothing without StarPU.
std::optional<double> starpu(const std::string& shape, int tasks) {
#ifdef FOLDSTREAM_STARPU_PEER
  const std::string command =
      fmt::format("STARPU_NCPU=2 STARPU_NCUDA=0 STARPU_NOPENCL=0 STARPU_SCHED=eager STARPU_SILENT=1 "
                  "HWLOC_COMPONENTS=-opencl,-cuda,-gl {} {} {} 2>/dev/null",
                  FOLDSTREAM_STARPU_PEER, shape, tasks);
  std::FILE* pipe = popen(command.c_str(), "r");
  double ns = 0;
  const bool is_read = pipe != nullptr && std::fscanf(pipe, "%lf", &ns) == 1;
  if (pipe != nullptr && pclose(pipe) == 0 && is_read) return ns;
#endif
  static_cast<void>(shape);
  static_cast<void>(tasks);
  return std::nullopt;
}

void add(std::vector<Bar>& bars, const std::string& name, double value,
         std::optional<double> goal, const std::string& peer, std::optional<double> peer_value) {
  bars.push_back({name, value, "ns", goal, goal, true, peer, peer_value});
}

}  // namespace

std::vector<Bar> flow_bars(bool quick) {
  const int repeats = quick ? 2 : 15;
  const int tasks = quick ? 20'000 : 100'000;
  const oneapi::tbb::global_control limit(
      oneapi::tbb::global_control::max_allowed_parallelism, threads);
  ThreadExecutor executor({.threads = threads});
  std::vector<Bar> bars;
  for (const Shape& shape : shapes(tasks, quick ? 100 : 300)) {
    const double traced = ours(shape, executor, true, repeats);
    add(bars, shape.name + ", traced; beside oneTBB flow graph", traced, shape.goal,
        "oneTBB flow graph", tbb_flow_graph(shape, repeats));
    if (const auto ns = starpu(shape.name, tasks))
      add(bars, shape.name + ", traced; beside StarPU", traced, shape.goal, "StarPU", ns);
    add(bars, shape.name + ", not traced", ours(shape, executor, false, repeats), std::nullopt, "",
        std::nullopt);
  }
  add(bars, "dynamic task; beside oneTBB task_group", spawned(tasks, executor, repeats), 120,
      "oneTBB task_group", tbb_task_group(tasks, repeats));
  return bars;
}

}  // namespace foldstream::bench
