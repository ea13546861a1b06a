#include <foldstream/graph.hpp>

#include <algorithm>
#include <set>

namespace foldstream {
namespace {

void check_ports(const Task& task, const std::vector<Port>& ports) {
  std::set<std::string> names;
  for (const Port& port : ports) {
    if (port.name.empty())
      throw Error(ErrorKind::InvalidArgument,
                  "task '" + task.name + "' has a port without a name.");
    if (!names.insert(port.name).second)
      throw Error(ErrorKind::InvalidArgument,
                  "task '" + task.name + "' has two ports called '" + port.name + "'.");
  }
}

void check_task(const Task& task) {
  if (task.name.empty()) throw Error(ErrorKind::InvalidArgument, "a task needs a name.");
  if (!task.body)
    throw Error(ErrorKind::InvalidArgument, "task '" + task.name + "' has no body to run.");
  check_ports(task, task.inputs);
  check_ports(task, task.outputs);
}

}  // namespace

OutputRef TaskRef::output(const std::string& port) const {
  const Port& found = output_port(*task_, port);
  return {task_->name, found.name, found.type};
}

InputRef TaskRef::input(const std::string& port) const {
  const Port& found = input_port(*task_, port);
  return {task_->name, found.name, found.type};
}

TaskRef Graph::add(Task task) {
  check_task(task);
  for (const auto& other : tasks_) {
    if (other->name == task.name)
      throw Error(ErrorKind::InvalidArgument, "the graph already has a task '" + task.name +
                                                  "'. Give each use of a stage its own name.");
  }
  tasks_.push_back(std::make_shared<const Task>(std::move(task)));
  return TaskRef(tasks_.back());
}

int Graph::index_of(const std::string& name) const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i]->name == name) return static_cast<int>(i);
    names.push_back(tasks_[i]->name);
  }
  throw Error(ErrorKind::NotFound,
              "the graph has no task '" + name + "'." + did_you_mean(name, names));
}

TaskRef Graph::task(const std::string& name) const {
  return TaskRef(tasks_[static_cast<std::size_t>(index_of(name))]);
}

void Graph::connect(const OutputRef& from, const InputRef& to) {
  const std::string ends = from.task + "." + from.port + " -> " + to.task + "." + to.port;
  const int source = index_of(from.task);
  const int sink = index_of(to.task);
  const Port& output = output_port(*tasks_[static_cast<std::size_t>(source)], from.port);
  const Port& input = input_port(*tasks_[static_cast<std::size_t>(sink)], to.port);
  if (!(output.type == input.type))
    throw Error(ErrorKind::InvalidArgument, "cannot connect " + ends + ": the output is a '" +
                                                output.type.name() + "', the input takes a '" +
                                                input.type.name() + "'.");
  for (const Edge& edge : edges_) {
    if (edge.to_task == sink && edge.to_port == to.port)
      throw Error(ErrorKind::InvalidArgument,
                  "cannot connect " + ends + ": the input is already fed by " +
                      tasks_[static_cast<std::size_t>(edge.from_task)]->name + "." +
                      edge.from_port + ".");
  }
  if (const std::vector<int> back = path(sink, source); !back.empty()) {
    std::string cycle = from.task;
    for (const int step : back) cycle += " -> " + tasks_[static_cast<std::size_t>(step)]->name;
    throw Error(ErrorKind::InvalidArgument,
                "connecting " + ends + " would close a cycle: " + cycle);
  }
  edges_.push_back({source, from.port, sink, to.port});
}

std::vector<int> Graph::path(int from, int to) const {
  std::vector<int> parent(tasks_.size(), -1);
  std::vector<int> open = {from};
  parent[static_cast<std::size_t>(from)] = from;
  while (!open.empty()) {
    const int here = open.back();
    open.pop_back();
    if (here == to) {
      std::vector<int> steps = {to};
      while (steps.back() != from) steps.push_back(parent[static_cast<std::size_t>(steps.back())]);
      std::ranges::reverse(steps);
      return steps;
    }
    for (const Edge& edge : edges_) {
      if (edge.from_task != here || parent[static_cast<std::size_t>(edge.to_task)] >= 0) continue;
      parent[static_cast<std::size_t>(edge.to_task)] = here;
      open.push_back(edge.to_task);
    }
  }
  return {};
}

std::vector<int> Graph::order() const {
  std::vector<int> missing(tasks_.size(), 0);
  for (const Edge& edge : edges_) ++missing[static_cast<std::size_t>(edge.to_task)];
  std::set<int> ready;
  for (std::size_t i = 0; i < tasks_.size(); ++i)
    if (missing[i] == 0) ready.insert(static_cast<int>(i));
  std::vector<int> order;
  while (!ready.empty()) {
    const int next = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(next);
    for (const Edge& edge : edges_) {
      if (edge.from_task == next && --missing[static_cast<std::size_t>(edge.to_task)] == 0)
        ready.insert(edge.to_task);
    }
  }
  return order;
}

}  // namespace foldstream
