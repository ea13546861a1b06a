// A graph for each element of a list, and a list of what several tasks give.
//
//                                           ┌─> [shortest] ─┐
//   peptides ─> [lengths: each ─> [count]] ─┼─> [longest] ──┼─> [summary] ─> {3, 12, 24}
//                                           └─> [total] ────┘
//
// Prints "shortest 3, longest 12, total 24". The elements run at the same time, and so do the three
// tasks behind them; the order of the lists is that of the peptides and of the outputs, always.
#include <foldstream/control.hpp>
#include <foldstream/thread_executor.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

using foldstream::Context;
using foldstream::Graph;
using foldstream::PortType;
using foldstream::Task;
using foldstream::Value;
using foldstream::Values;

namespace {

using Lengths = std::vector<int>;

Task count_task() {
  Task task;
  task.name = "count";
  task.inputs = {{"peptide", PortType::of<std::string>()}};
  task.outputs = {{"length", PortType::of<int>()}};
  task.body = [](const Values& inputs, const Context&) -> Values {
    return {{"length", Value::of(static_cast<int>(inputs.at("peptide").as<std::string>().size()))}};
  };
  return task;
}

Task statistic_task(const std::string& name, std::function<int(const Lengths&)> statistic) {
  Task task;
  task.name = name;
  task.inputs = {{"lengths", PortType::of<Lengths>()}};
  task.outputs = {{"value", PortType::of<int>()}};
  task.body = [statistic](const Values& inputs, const Context&) -> Values {
    return {{"value", Value::of(statistic(inputs.at("lengths").as<Lengths>()))}};
  };
  return task;
}

Task lengths_task() {
  Graph each;
  const auto count = each.add(count_task());
  return foldstream::map_task<std::string, int>("lengths", each, count.input("peptide"),
                                                count.output("length"));
}

Lengths summarise(const std::vector<std::string>& peptides) {
  Graph graph;
  const auto lengths = graph.add(lengths_task());
  const auto shortest = graph.add(
      statistic_task("shortest", [](const Lengths& list) { return std::ranges::min(list); }));
  const auto longest = graph.add(
      statistic_task("longest", [](const Lengths& list) { return std::ranges::max(list); }));
  const auto total = graph.add(statistic_task(
      "total", [](const Lengths& list) { return std::accumulate(list.begin(), list.end(), 0); }));
  for (const auto& statistic : {shortest, longest, total})
    graph.connect(lengths.output("results"), statistic.input("lengths"));
  const auto summary = foldstream::add_gather<int>(
      graph, "summary", {shortest.output("value"), longest.output("value"), total.output("value")});

  foldstream::ThreadExecutor executor({.threads = 2});
  auto run = executor.run(graph, {{lengths.input("items"), peptides}});
  return run.get<Lengths>(summary.output("items"));
}

}  // namespace

int main() {
  try {
    const Lengths summary = summarise({"MKLAEEGKR", "GGS", "WRTYIPLKHHNV"});
    std::printf("shortest %d, longest %d, total %d\n", summary.at(0), summary.at(1), summary.at(2));
    return summary == Lengths{3, 12, 24} ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
