#include <foldstream/control.hpp>
#include <foldstream/plan.hpp>

#include <algorithm>
#include <cstring>

namespace foldstream {
namespace {

/// What the results of `graph` depend on besides its inputs; empty if one of its tasks has no
/// identity.
std::string identity_of(const Graph& graph) {
  std::string text;
  for (const auto& task : graph.tasks()) {
    if (task->identity.empty()) return "";
    text += task->name + ": " + task->identity + "\n";
  }
  for (const Edge& edge : graph.edges())
    text += std::to_string(edge.from_task) + "." + edge.from_port + "=" +
            std::to_string(edge.to_task) + "." + edge.to_port + "\n";
  for (std::size_t i = 0; i < graph.task_count(); ++i)
    if (const auto& guard = graph.guard(static_cast<int>(i)))
      text += std::to_string(i) + "?" + std::to_string(guard->from_task) + "." + guard->port +
              (guard->wanted ? "\n" : "!\n");
  return text;
}

void check_all_fed(const std::string& name, const Expansion& expansion) {
  for (const std::string& open : open_inputs(expansion.graph)) {
    const auto is_it = [&](const InputRef& input) { return input.task + "." + input.port == open; };
    if (!is_it(expansion.element) && std::ranges::none_of(expansion.shared, is_it))
      throw Error(ErrorKind::InvalidArgument, "nothing feeds " + open + " in the graph of task '" +
                                                  name + "'. Name it among the shared inputs.");
  }
}

void check_carried(const Task& step, const LoopOptions& options) {
  if (options.iterations < 1)
    throw Error(ErrorKind::InvalidArgument, "loop '" + step.name + "' has " +
                                                std::to_string(options.iterations) +
                                                " iterations; it needs 1 or more.");
  for (const std::string& port : options.carried)
    if (!(input_port(step, port).type == output_port(step, port).type))
      throw Error(ErrorKind::InvalidArgument,
                  "loop '" + step.name + "' carries '" + port + "', but it takes a '" +
                      input_port(step, port).type.name() + "' and gives a '" +
                      output_port(step, port).type.name() + "'.");
}

/// Gives, port by port, the outputs of the last iteration that ran.
Task last_of(const Task& step, int iterations) {
  Task last;
  last.name = step.name;
  last.outputs = step.outputs;
  last.identity = "last of a loop 1";
  const auto name = [](const std::string& port, int i) { return port + "[" + std::to_string(i) + "]"; };
  std::vector<std::string> ports;
  for (const Port& port : step.outputs) {
    ports.push_back(port.name);
    for (int i = 1; i <= iterations; ++i)
      last.inputs.push_back({name(port.name, i), port.type, "", i > 1});
  }
  last.body = [=](const Values& inputs, const Context&) {
    Values outputs;
    for (const std::string& port : ports)
      for (int i = iterations; i >= 1 && !outputs.contains(port); --i)
        if (const auto found = inputs.find(name(port, i)); found != inputs.end())
          outputs.emplace(port, found->second);
    return outputs;
  };
  return last;
}

}  // namespace

Task make_map_task(std::string name, PortType list, PortType results, Expansion expansion) {
  check_all_fed(name, expansion);
  Task task;
  task.name = std::move(name);
  task.inputs = {{"items", list, "one run of the graph for each"}};
  for (const InputRef& input : expansion.shared)
    task.inputs.push_back({input.port, input.type, "the same for each"});
  task.outputs = {{"results", results, "in the order of the items"}};
  task.identity = identity_of(expansion.graph);
  if (!task.identity.empty())
    task.identity = "map 1\n" + expansion.element.task + "." + expansion.element.port + "=" +
                    expansion.result.task + "." + expansion.result.port + "\n" + task.identity;
  task.expansion = std::make_shared<const Expansion>(std::move(expansion));
  return task;
}

std::vector<InputRef> Loop::inputs(const std::string& port) const {
  std::vector<InputRef> inputs;
  const bool is_carried = std::ranges::find(carried_, port) != carried_.end();
  for (const TaskRef& step : steps_)
    if (inputs.empty() || !is_carried) inputs.push_back(step.input(port));
  return inputs;
}

Loop add_loop(Graph& graph, Task step, const LoopOptions& options) {
  check_carried(step, options);
  const Task last = last_of(step, options.iterations);
  const std::string name = step.name;
  if (!options.done.empty() && !(output_port(step, options.done).type == PortType::of<bool>()))
    throw Error(ErrorKind::InvalidArgument, "output '" + options.done + "' ends the loop '" + name +
                                                "', so it must be a bool, not a '" +
                                                output_port(step, options.done).type.name() + "'.");
  std::vector<TaskRef> steps;
  for (int i = 1; i <= options.iterations; ++i) {
    step.name = name + "[" + std::to_string(i) + "]";
    const TaskRef added = graph.add(step);
    if (i > 1) {
      for (const std::string& port : options.carried)
        graph.connect(steps.back().output(port), added.input(port));
      if (!options.done.empty()) graph.run_if(steps.back().output(options.done), added, false);
    }
    steps.push_back(added);
  }
  const TaskRef end = graph.add(last);
  for (const Port& port : last.outputs)
    for (int i = 1; i <= options.iterations; ++i)
      graph.connect(steps[static_cast<std::size_t>(i - 1)].output(port.name),
                    end.input(port.name + "[" + std::to_string(i) + "]"));
  return {std::move(steps), end, options.carried};
}

Graph with_tasks(const Graph& graph, const std::function<void(Task& task)>& change) {
  Graph changed;
  std::vector<TaskRef> tasks;
  for (const auto& task : graph.tasks()) {
    Task copy = *task;
    change(copy);
    tasks.push_back(changed.add(std::move(copy)));
  }
  const auto at = [&](int task) -> const TaskRef& { return tasks[static_cast<std::size_t>(task)]; };
  for (const Edge& edge : graph.edges())
    changed.connect(at(edge.from_task).output(edge.from_port), at(edge.to_task).input(edge.to_port));
  for (int i = 0; i < static_cast<int>(tasks.size()); ++i)
    if (const auto& guard = graph.guard(i))
      changed.run_if(at(guard->from_task).output(guard->port), at(i), guard->wanted);
  return changed;
}

void connect(Graph& graph, const OutputRef& from, const std::vector<InputRef>& to) {
  for (const InputRef& input : to) graph.connect(from, input);
}

}  // namespace foldstream
