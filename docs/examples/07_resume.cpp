// Results in a folder: what was computed once is found again, what changed is computed anew.
//
//              ┌─> [reverse] ─> reversed
//   protein ─> [clean]
//              └─> [digest: cut after …] ─> [longest] ─> peptide
//
// usage: 07_resume [FOLDER]     (without: a temporary one, removed at the end)
//
// In a new folder it prints
//   first:   clean done, reverse done, digest done, longest done: EEEGGGWR
//   again:   clean reused, reverse reused, digest reused, longest reused: EEEGGGWR
//   changed: clean reused, reverse reused, digest done, longest done: MKLAEKEEEGGGWR
#include <foldstream/graph.hpp>
#include <foldstream/io/run_store.hpp>
#include <foldstream/io/sequence.hpp>
#include <foldstream/thread_executor.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

using foldstream::Context;
using foldstream::PortType;
using foldstream::Task;
using foldstream::Value;
using foldstream::Values;
using foldstream::io::Sequence;

namespace {

using Peptides = std::vector<Sequence>;

/// A task from one value to another. The identity is what makes its results findable: without one
/// they are not stored.
template <class From, class To>
Task make_task(const std::string& name, const std::string& identity, To (*function)(From)) {
  Task task;
  task.name = name;
  task.inputs = {{"in", PortType::of<From>()}};
  task.outputs = {{"out", PortType::of<To>()}};
  task.identity = identity;
  task.body = [function](const Values& inputs, const Context&) -> Values {
    return {{"out", Value::of(function(inputs.at("in").as<From>()))}};
  };
  return task;
}

Sequence clean(Sequence sequence) {
  std::erase(sequence.residues, '-');
  return sequence;
}

Sequence reverse(Sequence sequence) {
  std::ranges::reverse(sequence.residues);
  return sequence;
}

Sequence longest(Peptides peptides) {
  return *std::ranges::max_element(peptides, {}, &Sequence::length);
}

Peptides cut(const Sequence& sequence, const std::string& after) {
  Peptides peptides(1);
  for (const char residue : sequence.residues) {
    peptides.back().residues += residue;
    if (after.find(residue) != std::string::npos) peptides.emplace_back();
  }
  return peptides;
}

Task digest_task(const std::string& after) {
  Task task = make_task<Sequence, Peptides>("digest", "digest 1\nafter=" + after, nullptr);
  task.body = [after](const Values& inputs, const Context&) -> Values {
    return {{"out", Value::of(cut(inputs.at("in").as<Sequence>(), after))}};
  };
  return task;
}

foldstream::Graph make_graph(const std::string& after) {
  foldstream::Graph graph;
  const auto first = graph.add(make_task("clean", "clean 1", clean));
  const auto reversed = graph.add(make_task("reverse", "reverse 1", reverse));
  const auto peptides = graph.add(digest_task(after));
  const auto last = graph.add(make_task("longest", "longest 1", longest));
  graph.connect(first.output("out"), reversed.input("in"));
  graph.connect(first.output("out"), peptides.input("in"));
  graph.connect(peptides.output("out"), last.input("in"));
  return graph;
}

/// Runs the graph with a store of its own on `folder`; tells how each task ended, and the result.
std::string run_once(const std::filesystem::path& folder, const std::string& after) {
  const foldstream::Graph graph = make_graph(after);
  const Sequence protein{"P1", "", "MK--LAEKEEEGGGWRTKVR"};
  const auto store = std::make_shared<foldstream::io::RunStore>(
      folder, 0, [](const auto& damage) { std::puts(to_string(damage).c_str()); });
  foldstream::ThreadExecutor executor({.threads = 2});
  auto run = executor.run(graph, {{graph.task("clean").input("in"), protein}}, {.store = store});
  run.wait();

  std::string text;
  const foldstream::TargetOutcome target = run.outcomes().at(0);
  for (std::size_t i = 0; i < target.tasks.size(); ++i)
    text += (i == 0 ? "" : ", ") + graph.tasks()[i]->name + " " +
            std::string(to_string(target.tasks[i].state));
  return text + ": " + run.get<Sequence>(graph.task("longest").output("out")).residues;
}

/// A folder that goes with its owner.
struct TemporaryFolder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("foldstream_07_resume_" + std::to_string(getpid()));
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

bool resume(const std::filesystem::path& folder) {
  const std::string first = run_once(folder, "KR");
  const std::string again = run_once(folder, "KR");
  const std::string changed = run_once(folder, "R");
  std::printf("first:   %s\nagain:   %s\nchanged: %s\n", first.c_str(), again.c_str(),
              changed.c_str());
  const std::string reused = "clean reused, reverse reused, ";
  return first.ends_with(": EEEGGGWR") &&
         again == reused + "digest reused, longest reused: EEEGGGWR" &&
         changed.ends_with(": MKLAEKEEEGGGWR") && changed.starts_with(reused);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const TemporaryFolder temporary;
    return resume(argc > 1 ? std::filesystem::path(argv[1]) : temporary.path) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
