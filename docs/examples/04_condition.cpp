// Two branches, of which one runs, and a task that takes what comes.
//
//                 ┌─ is_long? yes ─> [split] ─┐
//   sequence ─> [measure]                     ├─> [report] ─> text
//                 └─ is_long? no ──> [whole] ─┘
//
// The branch that is not taken is bypassed; [report] runs all the same, because its inputs are
// optional. Prints "P1: in one piece (split bypassed, whole done)" and
// "P2: in 3 pieces (split done, whole bypassed)".
#include <foldstream/graph.hpp>
#include <foldstream/thread_executor.hpp>

#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <vector>

using foldstream::Context;
using foldstream::PortType;
using foldstream::Task;
using foldstream::Value;
using foldstream::Values;

namespace {

constexpr std::size_t longest = 10;  // residues

Task measure_task() {
  Task task;
  task.name = "measure";
  task.inputs = {{"sequence", PortType::of<std::string>()}};
  task.outputs = {{"sequence", PortType::of<std::string>()}, {"is_long", PortType::of<bool>()}};
  task.body = [](const Values& inputs, const Context&) -> Values {
    const Value& sequence = inputs.at("sequence");
    return {{"sequence", sequence},
            {"is_long", Value::of(sequence.as<std::string>().size() > longest)}};
  };
  return task;
}

Task pieces_task(const std::string& name, std::function<int(const std::string&)> pieces) {
  Task task;
  task.name = name;
  task.inputs = {{"sequence", PortType::of<std::string>()}};
  task.outputs = {{"pieces", PortType::of<int>()}};
  task.body = [pieces](const Values& inputs, const Context&) -> Values {
    return {{"pieces", Value::of(pieces(inputs.at("sequence").as<std::string>()))}};
  };
  return task;
}

Task report_task() {
  Task task;
  task.name = "report";
  task.inputs = {{"split", PortType::of<int>(), "if it was long", true},
                 {"whole", PortType::of<int>(), "if it was not", true}};
  task.outputs = {{"text", PortType::of<std::string>()}};
  task.body = [](const Values& inputs, const Context&) -> Values {
    if (!inputs.contains("split")) return {{"text", Value::of<std::string>("in one piece")}};
    const int pieces = inputs.at("split").as<int>();
    return {{"text", Value::of("in " + std::to_string(pieces) + " pieces")}};
  };
  return task;
}

foldstream::Graph make_graph() {
  foldstream::Graph graph;
  const auto measure = graph.add(measure_task());
  const auto split = graph.add(pieces_task("split", [](const std::string& sequence) {
    return static_cast<int>((sequence.size() + longest - 1) / longest);
  }));
  const auto whole = graph.add(pieces_task("whole", [](const std::string&) { return 1; }));
  const auto report = graph.add(report_task());
  graph.connect(measure.output("sequence"), split.input("sequence"));
  graph.connect(measure.output("sequence"), whole.input("sequence"));
  graph.run_if(measure.output("is_long"), split);
  graph.run_if(measure.output("is_long"), whole, false);
  graph.connect(split.output("pieces"), report.input("split"));
  graph.connect(whole.output("pieces"), report.input("whole"));
  return graph;
}

/// What is said of each sequence: "P1: in one piece (split bypassed, whole done)".
std::vector<std::string> report(const std::vector<std::string>& sequences) {
  const foldstream::Graph graph = make_graph();
  std::vector<foldstream::Target> targets;
  for (const std::string& sequence : sequences)
    targets.push_back({"P" + std::to_string(targets.size() + 1),
                       {{graph.task("measure").input("sequence"), sequence}},
                       {},
                       {}});

  foldstream::ThreadExecutor executor({.threads = 2});
  auto run = executor.run_targets(graph, targets);
  run.wait();
  std::vector<std::string> lines;
  for (const foldstream::TargetOutcome& target : run.outcomes()) {
    const auto state = [&](const std::string& task) {
      return std::string(to_string(target.tasks.at(graph.index_of(task)).state));
    };
    lines.push_back(target.name + ": " +
                    run.get<std::string>(graph.task("report").output("text"), target.index) +
                    " (split " + state("split") + ", whole " + state("whole") + ")");
  }
  return lines;
}

}  // namespace

int main() {
  try {
    const auto lines = report({"MKLAEEGKR", "MKLAEEGKRWRTYIPLKHHNVQST"});
    for (const std::string& line : lines) std::printf("%s\n", line.c_str());
    const std::vector<std::string> promised = {"P1: in one piece (split bypassed, whole done)",
                                               "P2: in 3 pieces (split done, whole bypassed)"};
    return lines == promised ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
