#include <foldstream/plan.hpp>

#include <algorithm>
#include <functional>
#include <set>

namespace foldstream {
namespace {

/// Tasks that must run when those of `given` need not: sinks, and what feeds a needed task.
std::set<int> needed_tasks(const Graph& graph, const std::vector<std::string>& given) {
  for (const std::string& name : given) graph.index_of(name);  // throws if there is none
  std::set<int> needed;
  const std::vector<int> order = graph.order();
  for (auto task = order.rbegin(); task != order.rend(); ++task) {
    const std::string& name = graph.tasks()[static_cast<std::size_t>(*task)]->name;
    if (std::ranges::find(given, name) != given.end()) continue;
    bool feeds = false;
    bool is_needed = false;
    for (const Edge& edge : graph.edges()) {
      if (edge.from_task != *task) continue;
      feeds = true;
      is_needed = is_needed || needed.contains(edge.to_task);
    }
    if (!feeds || is_needed) needed.insert(*task);
  }
  return needed;
}

PlannedTarget plan_target(const Graph& graph, const PlanTarget& target, int threads) {
  PlannedTarget planned{target.name, {}, 0, 0, 0};
  const std::set<int> needed = needed_tasks(graph, target.given);
  std::vector<double> ends(graph.task_count(), 0.0);
  for (const int index : graph.order()) {
    if (!needed.contains(index)) continue;
    const Task& task = *graph.tasks()[static_cast<std::size_t>(index)];
    const Cost cost = task.cost ? task.cost(target.magnitudes) : Cost{};
    double start = 0;
    for (const Edge& edge : graph.edges())
      if (edge.to_task == index)
        start = std::max(start, ends[static_cast<std::size_t>(edge.from_task)]);
    ends[static_cast<std::size_t>(index)] =
        start + cost.seconds / std::clamp(task.max_threads, 1, threads);
    planned.seconds += cost.seconds;
    planned.critical_seconds =
        std::max(planned.critical_seconds, ends[static_cast<std::size_t>(index)]);
    planned.peak_bytes = std::max(planned.peak_bytes, cost.bytes);
    planned.tasks.push_back({task.name, cost});
  }
  return planned;
}

/// A string of Graphviz' language.
std::string quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return quoted + '"';
}

std::string arrow(const std::string& from, const std::string& to, const std::string& label) {
  return "  " + quoted(from) + " -> " + quoted(to) + " [label=" + quoted(label) + "];\n";
}

}  // namespace

std::vector<std::string> open_inputs(const Graph& graph) {
  std::set<std::string> fed;
  for (const Edge& edge : graph.edges())
    fed.insert(graph.tasks()[static_cast<std::size_t>(edge.to_task)]->name + "." + edge.to_port);
  std::vector<std::string> open;
  for (const auto& task : graph.tasks())
    for (const Port& port : task->inputs)
      if (const std::string name = task->name + "." + port.name;
          !fed.contains(name) && !port.is_optional)
        open.push_back(name);
  return open;
}

Plan make_plan(const Graph& graph, const std::vector<PlanTarget>& targets, int threads) {
  Plan plan;
  threads = std::max(1, threads);
  std::vector<std::uint64_t> peaks;
  double longest = 0;
  for (const PlanTarget& target : targets) {
    plan.targets.push_back(plan_target(graph, target, threads));
    plan.seconds += plan.targets.back().seconds;
    longest = std::max(longest, plan.targets.back().critical_seconds);
    peaks.push_back(plan.targets.back().peak_bytes);
  }
  plan.makespan_seconds = std::max(longest, plan.seconds / threads);
  std::ranges::sort(peaks, std::greater());
  for (std::size_t i = 0; i < peaks.size() && i < static_cast<std::size_t>(threads); ++i)
    plan.peak_bytes += peaks[i];
  return plan;
}

std::string to_dot(const Graph& graph) {
  std::string dot = "digraph foldstream {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n";
  for (const auto& task : graph.tasks()) dot += "  " + quoted(task->name) + ";\n";
  const std::vector<std::string> open = open_inputs(graph);
  if (!open.empty()) dot += "  \"(target)\" [shape=plaintext];\n";
  for (const auto& task : graph.tasks())
    for (const Port& port : task->inputs)
      if (std::ranges::find(open, task->name + "." + port.name) != open.end())
        dot += arrow("(target)", task->name, port.name);
  for (const Edge& edge : graph.edges()) {
    const bool is_same = edge.from_port == edge.to_port;
    dot += arrow(graph.tasks()[static_cast<std::size_t>(edge.from_task)]->name,
                 graph.tasks()[static_cast<std::size_t>(edge.to_task)]->name,
                 is_same ? edge.from_port : edge.from_port + " > " + edge.to_port);
  }
  return dot + "}\n";
}

}  // namespace foldstream
