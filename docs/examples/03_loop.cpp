// A loop that ends when it has converged: Newton's iteration for the square root.
//
//                 a, to each iteration
//            ┌─────────────┼───────────── … ──────┐
//            v             v                      v
//   1 ─> [root[1]] ─x─> [root[2]] ─x─> … ─x─> [root[20]]
//            └─────────────┴───────────── … ──────┴─> [root] ─> x of the last that ran
//
// Each iteration but the first runs only if the one before it was not `done`. Prints
// "sqrt(2) = 1.414213562373; 5 iterations ran, 15 were bypassed".
#include <foldstream/control.hpp>
#include <foldstream/thread_executor.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <vector>

using foldstream::Context;
using foldstream::PortType;
using foldstream::State;
using foldstream::Task;
using foldstream::Value;
using foldstream::Values;

namespace {

struct Root {
  double value = 0;
  int iterations = 0;
  int bypassed = 0;
};

Task root_task() {
  Task task;
  task.name = "root";
  task.inputs = {{"a", PortType::of<double>()}, {"x", PortType::of<double>()}};
  task.outputs = {{"x", PortType::of<double>()}, {"done", PortType::of<bool>()}};
  task.body = [](const Values& inputs, const Context&) -> Values {
    const double x = inputs.at("x").as<double>();
    const double next = (x + inputs.at("a").as<double>() / x) / 2;
    return {{"x", Value::of(next)}, {"done", Value::of(std::abs(next - x) < 1e-9)}};
  };
  return task;
}

Root find_root(double a) {
  foldstream::Graph graph;
  const auto loop = foldstream::add_loop(graph, root_task(),
                                         {.iterations = 20, .carried = {"x"}, .done = "done"});
  std::vector<foldstream::Binding> bindings;
  for (const auto& input : loop.inputs("x")) bindings.emplace_back(input, 1.0);  // of the first
  for (const auto& input : loop.inputs("a")) bindings.emplace_back(input, a);    // of all

  foldstream::ThreadExecutor executor({.threads = 2});
  auto run = executor.run(graph, bindings);
  Root root{run.get<double>(loop.output("x"))};
  const foldstream::TargetOutcome outcome = run.outcomes().at(0);
  for (const auto& step : loop.steps()) {
    const State state = outcome.tasks.at(graph.index_of(step.name())).state;
    if (state == State::done) ++root.iterations;
    if (state == State::bypassed) ++root.bypassed;
  }
  return root;
}

}  // namespace

int main() {
  try {
    const Root root = find_root(2);
    std::printf("sqrt(2) = %.12f; %d iterations ran, %d were bypassed\n", root.value,
                root.iterations, root.bypassed);
    const bool is_right = std::abs(root.value - std::sqrt(2.0)) < 1e-12;
    return is_right && root.iterations == 5 && root.bypassed == 15 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
