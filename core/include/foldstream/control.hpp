// Control flow in graphs: lists that are mapped over, gathered outputs, bounded loops.
#pragma once

#include <foldstream/graph.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace foldstream {

/// What a mapping task does in place of a body: `graph` runs once for each element of a list. Made
/// by `map_task`.
struct Expansion {
  Graph graph;
  InputRef element;             ///< where each element goes
  OutputRef result;             ///< what is gathered
  std::vector<InputRef> shared; ///< inputs that every element is given alike
  std::function<std::vector<Value>(const Value& list)> split;
  std::function<Value(const std::vector<Value>& results)> join;
};

/// See `map_task`; with the types erased.
Task make_map_task(std::string name, PortType list, PortType results, Expansion expansion);

/// A task with the input "items", a std::vector<T>, and the output "results", a std::vector<U> of
/// the same length: `graph` runs on each element, at `element`, and gives an element, at `result`.
/// Its other open inputs must be in `shared`: they become inputs of the task, under their ports'
/// names, and every element is given the same. The elements run at the same time, as tasks of their
/// own called "<name>[i]/<task>"; each is looked up in the store by itself. If one fails, the task
/// fails and says which.
/// @throws Error{InvalidArgument} if the types do not fit or an input is left open.
template <class T, class U>
Task map_task(std::string name, const Graph& graph, const InputRef& element, const OutputRef& result,
              std::vector<InputRef> shared = {}) {
  if (!(element.type == PortType::of<T>()) || !(result.type == PortType::of<U>()))
    throw Error(ErrorKind::InvalidArgument,
                "task '" + name + "' maps '" + PortType::of<T>().name() + "' to '" +
                    PortType::of<U>().name() + "', but its graph takes '" + element.type.name() +
                    "' and gives '" + result.type.name() + "'.");
  Expansion expansion{graph, element, result, std::move(shared), {}, {}};
  expansion.split = [](const Value& list) {
    std::vector<Value> elements;
    for (const T& item : list.as<std::vector<T>>()) elements.push_back(Value::of(item));
    return elements;
  };
  expansion.join = [](const std::vector<Value>& results) {
    std::vector<U> list;
    for (const Value& value : results) list.push_back(value.as<U>());
    return Value::of(std::move(list));
  };
  return make_map_task(std::move(name), PortType::of<std::vector<T>>(),
                       PortType::of<std::vector<U>>(), std::move(expansion));
}

/// Adds a task `name` that makes a list, "items", of the outputs, in their order. An output whose
/// task was bypassed is left out.
template <class T>
TaskRef add_gather(Graph& graph, const std::string& name, const std::vector<OutputRef>& outputs) {
  Task task;
  task.name = name;
  task.outputs = {{"items", PortType::of<std::vector<T>>(), "the values in order"}};
  task.identity = "gather 1";
  for (std::size_t i = 0; i < outputs.size(); ++i)
    task.inputs.push_back({std::to_string(i), PortType::of<T>(), "", true});
  task.body = [count = outputs.size()](const Values& inputs, const Context&) {
    std::vector<T> items;
    for (std::size_t i = 0; i < count; ++i)
      if (const auto found = inputs.find(std::to_string(i)); found != inputs.end())
        items.push_back(found->second.template as<T>());
    return Values{{"items", Value::of(std::move(items))}};
  };
  const TaskRef added = graph.add(std::move(task));
  for (std::size_t i = 0; i < outputs.size(); ++i)
    graph.connect(outputs[i], added.input(std::to_string(i)));
  return added;
}

/// How often a step is repeated.
struct LoopOptions {
  int iterations = 1;                ///< at most; ≥ 1
  std::vector<std::string> carried;  ///< outputs that become the inputs of the same name of the next
  std::string done = {};  ///< a bool output of the step: true ends the loop; empty: it runs through
};

/// A loop in a graph.
class Loop {
 public:
  Loop(std::vector<TaskRef> steps, TaskRef last, std::vector<std::string> carried)
      : steps_(std::move(steps)), last_(std::move(last)), carried_(std::move(carried)) {}

  /// The inputs that must be fed: of a carried one that of the first iteration, else of all.
  std::vector<InputRef> inputs(const std::string& port) const;
  /// The output of the iteration that ran last.
  OutputRef output(const std::string& port) const { return last_.output(port); }
  const std::vector<TaskRef>& steps() const noexcept { return steps_; }

 private:
  std::vector<TaskRef> steps_;
  TaskRef last_;
  std::vector<std::string> carried_;
};

/// Adds `step` several times, as "<name>[1]", "<name>[2]" …, each a task with a key of its own, so
/// that a loop is resumed at the iteration it had reached; and "<name>", which gives the outputs of
/// the iteration that ran last.
/// @throws Error{InvalidArgument} if a carried port is not both an input and an output, or `done` is
/// no bool; Error{NotFound} for a port that the step has not.
Loop add_loop(Graph& graph, Task step, const LoopOptions& options);

/// The same graph of changed tasks: `change` may touch all but their names and the ports in use.
Graph with_tasks(const Graph& graph, const std::function<void(Task& task)>& change);

/// Connects one output to several inputs: `connect(graph, msa.output("msa"), loop.inputs("msa"))`.
void connect(Graph& graph, const OutputRef& from, const std::vector<InputRef>& to);

}  // namespace foldstream
