// Two tasks, one after the other.
//
//   3 ─> [double] ─> [square] ─> 36
//
// Prints "36".
#include <foldstream/graph.hpp>
#include <foldstream/thread_executor.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace {

foldstream::Task number_task(const std::string& name, double (*function)(double)) {
  foldstream::Task task;
  task.name = name;
  task.inputs = {{"x", foldstream::PortType::of<double>()}};
  task.outputs = {{"y", foldstream::PortType::of<double>()}};
  task.body = [function](const foldstream::Values& inputs, const foldstream::Context&) {
    const double x = inputs.at("x").as<double>();
    return foldstream::Values{{"y", foldstream::Value::of(function(x))}};
  };
  return task;
}

double run_two_tasks() {
  foldstream::Graph graph;
  const auto first = graph.add(number_task("double", [](double x) { return 2 * x; }));
  const auto second = graph.add(number_task("square", [](double x) { return x * x; }));
  graph.connect(first.output("y"), second.input("x"));

  foldstream::ThreadExecutor executor({.threads = 2});
  auto run = executor.run(graph, {{first.input("x"), 3.0}});
  return run.get<double>(second.output("y"));  // waits
}

}  // namespace

int main() {
  try {
    const double result = run_two_tasks();
    std::printf("%g\n", result);
    return result == 36 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
