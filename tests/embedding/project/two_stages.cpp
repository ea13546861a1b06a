// Two stages of our own:   sequence ─> [reverse] ─> [count] ─> helix formers
#include <foldstream/graph.hpp>
#include <foldstream/io/sequence.hpp>
#include <foldstream/thread_executor.hpp>

#include <algorithm>
#include <cstdio>
#include <string>

using foldstream::Context;
using foldstream::PortType;
using foldstream::Task;
using foldstream::Value;
using foldstream::Values;
using foldstream::io::Sequence;

int main() {
  Task reverse;
  reverse.name = "reverse";
  reverse.inputs = {{"query", PortType::of<Sequence>()}};
  reverse.outputs = {{"sequence", PortType::of<Sequence>()}};
  reverse.body = [](const Values& inputs, const Context&) -> Values {
    Sequence sequence = inputs.at("query").as<Sequence>();
    std::ranges::reverse(sequence.residues);
    return {{"sequence", Value::of(sequence)}};
  };
  Task count;
  count.name = "count";
  count.inputs = {{"sequence", PortType::of<Sequence>()}};
  count.outputs = {{"helix_formers", PortType::of<int>()}};
  count.body = [](const Values& inputs, const Context&) -> Values {
    const std::string& residues = inputs.at("sequence").as<Sequence>().residues;
    const auto is_former = [](char c) {
      return std::string("AELMQKRH").find(c) != std::string::npos;
    };
    return {
        {"helix_formers", Value::of(static_cast<int>(std::ranges::count_if(residues, is_former)))}};
  };

  foldstream::Graph graph;
  const auto first = graph.add(reverse);
  const auto second = graph.add(count);
  graph.connect(first.output("sequence"), second.input("sequence"));

  foldstream::ThreadExecutor executor({.threads = 2});
  auto run = executor.run(graph, {{first.input("query"), Sequence{"P1", "", "MKLAEEG"}}});
  std::printf("helix formers: %d\n", run.get<int>(second.output("helix_formers")));
  return run.get<int>(second.output("helix_formers")) == 6 ? 0 : 1;
}
