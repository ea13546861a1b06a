#include "ledger.hpp"

#include <foldstream/plan.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
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

PlannedTarget plan_target(const Graph& graph, const PlanTarget& target, int threads,
                          const CostBook* costs) {
  PlannedTarget planned{target.name, {}, 0, 0, 0};
  const std::set<int> needed = needed_tasks(graph, target.given);
  std::vector<double> ends(graph.task_count(), 0.0);
  for (const int index : graph.order()) {
    if (!needed.contains(index)) continue;
    const Task& task = *graph.tasks()[static_cast<std::size_t>(index)];
    Cost cost = task.cost ? task.cost(target.magnitudes) : Cost{};
    if (costs != nullptr) cost = costs->corrected(task.name, cost);
    double start = 0;
    const auto after = [&](int task) { start = std::max(start, ends[static_cast<std::size_t>(task)]); };
    for (const int edge : graph.incoming(index))
      after(graph.edges()[static_cast<std::size_t>(edge)].from_task);
    if (const auto& guard = graph.guard(index)) after(guard->from_task);
    ends[static_cast<std::size_t>(index)] =
        start + cost.seconds / std::clamp(task.max_threads, 1, threads);
    planned.seconds += cost.seconds;
    planned.critical_seconds =
        std::max(planned.critical_seconds, ends[static_cast<std::size_t>(index)]);
    cost.kept_bytes = std::min(cost.kept_bytes, cost.bytes);
    planned.peak_bytes = std::max(planned.peak_bytes, cost.bytes - cost.kept_bytes);
    planned.tasks.push_back({task.name, cost});
  }
  return planned;
}

/// A connection as it is drawn.
struct Link {
  std::string from;
  std::string to;
  std::string label;
  bool is_condition = false;
};

std::vector<Link> links(const Graph& graph) {
  std::vector<Link> links;
  const auto name = [&](int task) { return graph.tasks()[static_cast<std::size_t>(task)]->name; };
  const std::vector<std::string> open = open_inputs(graph);
  for (const auto& task : graph.tasks())
    for (const Port& port : task->inputs)
      if (std::ranges::find(open, task->name + "." + port.name) != open.end())
        links.push_back({"(target)", task->name, port.name});
  for (const Edge& edge : graph.edges())
    links.push_back({name(edge.from_task), name(edge.to_task),
                     edge.from_port == edge.to_port ? edge.from_port
                                                    : edge.from_port + " > " + edge.to_port});
  for (int i = 0; i < static_cast<int>(graph.task_count()); ++i)
    if (const auto& guard = graph.guard(i))
      links.push_back({name(guard->from_task), name(i),
                       (guard->wanted ? "if " : "if not ") + guard->port, true});
  return links;
}

/// What all targets need for each task: seconds together, bytes of the dearest.
std::map<std::string, Cost> sum(const Plan& plan) {
  std::map<std::string, Cost> sums;
  for (const PlannedTarget& target : plan.targets) {
    for (const PlannedTask& task : target.tasks) {
      Cost& all = sums[task.task];
      all.seconds += task.cost.seconds;
      all.bytes = std::max(all.bytes, task.cost.bytes);
    }
  }
  return sums;
}

std::string note(const std::map<std::string, Cost>& sums, const std::string& task) {
  const auto found = sums.find(task);
  if (found == sums.end()) return "";
  return std::to_string(std::llround(found->second.seconds)) + " CPU s, " +
         size_text(found->second.bytes);
}

/// A string of Graphviz' language.
std::string quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '\n')
      quoted += "\\n";
    else
      quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  }
  return quoted + '"';
}

std::string arrow(const std::string& from, const std::string& to, const std::string& label,
                  const std::string& style) {
  return "  " + quoted(from) + " -> " + quoted(to) + " [label=" + quoted(label) + style + "];\n";
}

/// Text inside Mermaid's quotes.
std::string entities(const std::string& text) {
  std::string safe;
  for (const char c : text) safe += c == '"' ? "#quot;" : c == '#' ? "#35;" : std::string{c};
  return safe;
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

Plan make_plan(const Graph& graph, const std::vector<PlanTarget>& targets, int threads,
               const CostBook* costs) {
  Plan plan;
  threads = std::max(1, threads);
  std::vector<std::uint64_t> peaks;
  std::map<std::string, std::uint64_t> kept;  // of each task, for all targets
  double longest = 0;
  for (const PlanTarget& target : targets) {
    plan.targets.push_back(plan_target(graph, target, threads, costs));
    plan.seconds += plan.targets.back().seconds;
    longest = std::max(longest, plan.targets.back().critical_seconds);
    peaks.push_back(plan.targets.back().peak_bytes);
    for (const PlannedTask& task : plan.targets.back().tasks) {
      std::uint64_t& most = kept[task.task];
      most = std::max(most, task.cost.kept_bytes);
    }
  }
  for (const auto& [task, bytes] : kept) plan.kept_bytes += bytes;
  plan.peak_bytes = plan.kept_bytes;
  plan.makespan_seconds = std::max(longest, plan.seconds / threads);
  std::ranges::sort(peaks, std::greater());
  for (std::size_t i = 0; i < peaks.size() && i < static_cast<std::size_t>(threads); ++i)
    plan.peak_bytes += peaks[i];
  return plan;
}

std::string to_dot(const Graph& graph, const Plan* plan) {
  const std::map<std::string, Cost> sums = plan == nullptr ? std::map<std::string, Cost>() : sum(*plan);
  std::string dot = "digraph foldstream {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n";
  for (const auto& task : graph.tasks()) {
    const std::string label = note(sums, task->name);
    dot += "  " + quoted(task->name) +
           (label.empty() ? "" : " [label=" + quoted(task->name + "\n" + label) + "]") + ";\n";
  }
  if (!open_inputs(graph).empty()) dot += "  \"(target)\" [shape=plaintext];\n";
  for (const Link& link : links(graph))
    dot += arrow(link.from, link.to, link.label, link.is_condition ? ", style=dashed" : "");
  return dot + "}\n";
}

std::string to_mermaid(const Graph& graph, const Plan* plan) {
  const std::map<std::string, Cost> sums = plan == nullptr ? std::map<std::string, Cost>() : sum(*plan);
  std::map<std::string, std::string> ids = {{"(target)", "target"}};
  std::string text = "flowchart LR\n";
  for (const auto& task : graph.tasks()) {
    const std::string id = "t" + std::to_string(ids.size());
    ids[task->name] = id;
    const std::string label = note(sums, task->name);
    text += "  " + id + "(\"" + entities(task->name) + (label.empty() ? "" : "<br>" + label) + "\")\n";
  }
  if (!open_inputs(graph).empty()) text += "  target([target])\n";
  for (const Link& link : links(graph))
    text += "  " + ids.at(link.from) + (link.is_condition ? " -. \"" : " -- \"") +
            entities(link.label) + (link.is_condition ? "\" .-> " : "\" --> ") + ids.at(link.to) + "\n";
  return text;
}

}  // namespace foldstream
