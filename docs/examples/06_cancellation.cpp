// A run that is stopped from outside, and one that does not begin what it could not end.
//
//   seed ─> [prepare] ─> [simulate: an hour] ─> [report]
//
// First Ctrl-C comes while the simulation runs (the program sends it to itself): the task looks at
// its stop token and ends within milliseconds. Then the run has a deadline of 60 seconds: the
// simulation, an hour by its own estimate, is not begun. For each it prints
//   prepare done
//   simulate cancelled: …
//   report cancelled: …
#include <foldstream/graph.hpp>
#include <foldstream/thread_executor.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

using foldstream::Context;
using foldstream::Event;
using foldstream::PortType;
using foldstream::State;
using foldstream::Task;
using foldstream::Value;
using foldstream::Values;

namespace {

using Clock = std::chrono::steady_clock;

std::atomic<bool> is_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // else no signal handler may set it

Task seed_task(const std::string& name, const std::string& input, const std::string& output) {
  Task task;
  task.name = name;
  task.inputs = {{input, PortType::of<unsigned>()}};
  task.outputs = {{output, PortType::of<unsigned>()}};
  task.body = [=](const Values& inputs, const Context&) -> Values {
    return {{output, inputs.at(input)}};
  };
  return task;
}

/// An hour of random numbers, a millisecond or so at a time.
unsigned simulate(unsigned seed, const Context& context) {
  std::mt19937 random(seed);
  unsigned sum = 0;
  const auto began = Clock::now();
  while (Clock::now() - began < std::chrono::hours(1)) {
    context.check_cancelled();  // throws
    for (int i = 0; i < 100'000; ++i) sum += random();
  }
  return sum;
}

Task simulate_task() {
  Task task = seed_task("simulate", "seed", "sum");
  task.cost = [](const foldstream::Magnitudes&) { return foldstream::Cost{3600}; };
  task.body = [](const Values& inputs, const Context& context) -> Values {
    return {{"sum", Value::of(simulate(inputs.at("seed").as<unsigned>(), context))}};
  };
  return task;
}

foldstream::Graph make_graph() {
  foldstream::Graph graph;
  const auto prepare = graph.add(seed_task("prepare", "seed", "seed"));
  const auto simulate = graph.add(simulate_task());
  const auto report = graph.add(seed_task("report", "sum", "text"));
  graph.connect(prepare.output("seed"), simulate.input("seed"));
  graph.connect(simulate.output("sum"), report.input("sum"));
  return graph;
}

/// Sends this process what Ctrl-C would, as soon as the simulation runs.
class Impatience final : public foldstream::Observer {
 public:
  void notify(const Event& event) override {
    if (event.what == Event::What::task_started && event.task == "simulate") std::raise(SIGINT);
  }
};

/// Waits for a run to end by itself, or to be cancelled by Ctrl-C.
void wait_or_cancel(foldstream::Run& run) {
  while (!run.is_finished()) {
    if (is_interrupted) run.cancel();  // may be called again and again
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

bool print_outcomes(const foldstream::Graph& graph, const foldstream::Run& run) {
  const std::vector<foldstream::Outcome> outcomes = run.outcomes().at(0).tasks;
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    std::printf("  %s %s%s%s\n", graph.tasks()[i]->name.c_str(),
                std::string(to_string(outcomes[i].state)).c_str(),
                outcomes[i].message.empty() ? "" : ": ", outcomes[i].message.c_str());
  return outcomes[0].state == State::done && outcomes[1].state == State::cancelled &&
         outcomes[2].state == State::cancelled;
}

bool run_until_interrupted(foldstream::ThreadExecutor& executor, const foldstream::Graph& graph) {
  const auto previous = std::signal(SIGINT, [](int) { is_interrupted = true; });
  auto run = executor.run(graph, {{graph.task("prepare").input("seed"), 7U}},
                          {.observer = std::make_shared<Impatience>()});
  wait_or_cancel(run);
  std::signal(SIGINT, previous);
  std::printf("interrupted:\n");
  return print_outcomes(graph, run);
}

bool run_until_deadline(foldstream::ThreadExecutor& executor, const foldstream::Graph& graph) {
  auto run =
      executor.run(graph, {{graph.task("prepare").input("seed"), 7U}}, {.deadline_seconds = 60});
  run.wait();
  std::printf("with a deadline:\n");
  return print_outcomes(graph, run);
}

}  // namespace

int main() {
  try {
    const auto began = Clock::now();
    const foldstream::Graph graph = make_graph();
    foldstream::ThreadExecutor executor({.threads = 2});
    const bool was_interrupted = run_until_interrupted(executor, graph);
    const bool was_not_begun = run_until_deadline(executor, graph);
    const bool was_quick = Clock::now() - began < std::chrono::seconds(30);
    return was_interrupted && was_not_begun && was_quick ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
