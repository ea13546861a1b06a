#include <foldstream/graph.hpp>

#include <algorithm>
#include <functional>
#include <queue>
#include <set>

namespace foldstream {
namespace {

std::size_t at(int index) { return static_cast<std::size_t>(index); }

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
  if (!task.body && !task.expansion)
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
  if (!indices_.emplace(task.name, static_cast<int>(tasks_.size())).second)
    throw Error(ErrorKind::InvalidArgument, "the graph already has a task '" + task.name +
                                                "'. Give each use of a stage its own name.");
  tasks_.push_back(std::make_shared<const Task>(std::move(task)));
  guards_.emplace_back();
  incoming_.emplace_back();
  followers_.emplace_back();
  return TaskRef(tasks_.back());
}

int Graph::index_of(const std::string& name) const {
  const auto found = indices_.find(name);
  if (found != indices_.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& task : tasks_) names.push_back(task->name);
  throw Error(ErrorKind::NotFound,
              "the graph has no task '" + name + "'." + did_you_mean(name, names));
}

TaskRef Graph::task(const std::string& name) const { return TaskRef(tasks_[at(index_of(name))]); }

void Graph::connect(const OutputRef& from, const InputRef& to) {
  const std::string ends = from.task + "." + from.port + " -> " + to.task + "." + to.port;
  const int source = index_of(from.task);
  const int sink = index_of(to.task);
  const Port& output = output_port(*tasks_[at(source)], from.port);
  const Port& input = input_port(*tasks_[at(sink)], to.port);
  if (!(output.type == input.type))
    throw Error(ErrorKind::InvalidArgument, "cannot connect " + ends + ": the output is a '" +
                                                output.type.name() + "', the input takes a '" +
                                                input.type.name() + "'.");
  for (const int fed : incoming_[at(sink)]) {
    const Edge& edge = edges_[at(fed)];
    if (edge.to_port == to.port)
      throw Error(ErrorKind::InvalidArgument,
                  "cannot connect " + ends + ": the input is already fed by " +
                      tasks_[at(edge.from_task)]->name + "." + edge.from_port + ".");
  }
  check_acyclic(source, sink, "connecting " + ends);
  incoming_[at(sink)].push_back(static_cast<int>(edges_.size()));
  followers_[at(source)].push_back(sink);
  edges_.push_back({source, from.port, sink, to.port});
}

void Graph::run_if(const OutputRef& condition, const TaskRef& task, bool wanted) {
  const int source = index_of(condition.task);
  const int sink = index_of(task.name());
  const Port& output = output_port(*tasks_[at(source)], condition.port);
  const std::string what = "running '" + task.name() + "' if " + condition.task + "." +
                           condition.port + (wanted ? "" : " is false");
  if (!(output.type == PortType::of<bool>()))
    throw Error(ErrorKind::InvalidArgument,
                what + ": a condition is a bool, not a '" + output.type.name() + "'.");
  if (guards_[at(sink)])
    throw Error(ErrorKind::InvalidArgument, what + ": it has a condition already.");
  check_acyclic(source, sink, what);
  guards_[at(sink)] = Guard{source, output.name, wanted};
  followers_[at(source)].push_back(sink);
}

void Graph::include(const std::string& prefix, const Graph& part) {
  for (const auto& task : part.tasks_)
    if (indices_.contains(prefix + "/" + task->name))
      throw Error(ErrorKind::InvalidArgument, "the graph already has a task '" + prefix + "/" +
                                                  task->name + "'. Use another prefix.");
  const int first = static_cast<int>(tasks_.size());
  for (const auto& task : part.tasks_) {
    Task copy = *task;
    copy.name = prefix + "/" + task->name;
    add(std::move(copy));
  }
  for (const Edge& edge : part.edges_)
    connect(TaskRef(tasks_[at(first + edge.from_task)]).output(edge.from_port),
            TaskRef(tasks_[at(first + edge.to_task)]).input(edge.to_port));
  for (std::size_t i = 0; i < part.guards_.size(); ++i)
    if (const auto& guard = part.guards_[i])
      run_if(TaskRef(tasks_[at(first + guard->from_task)]).output(guard->port),
             TaskRef(tasks_[at(first) + i]), guard->wanted);
}

void Graph::check_acyclic(int from, int to, const std::string& what) const {
  const std::vector<int> back = path(to, from);
  if (back.empty()) return;
  std::string cycle = tasks_[at(from)]->name;
  for (const int step : back) cycle += " -> " + tasks_[at(step)]->name;
  throw Error(ErrorKind::InvalidArgument, what + " would close a cycle: " + cycle);
}

/// From a task to one that waits for it, and so on; empty if there is no way.
std::vector<int> Graph::path(int from, int to) const {
  std::unordered_map<int, int> parent = {{from, from}};
  std::vector<int> open = {from};
  while (!open.empty()) {
    const int here = open.back();
    open.pop_back();
    if (here == to) {
      std::vector<int> steps = {to};
      while (steps.back() != from) steps.push_back(parent.at(steps.back()));
      std::ranges::reverse(steps);
      return steps;
    }
    for (const int next : followers_[at(here)])
      if (parent.emplace(next, here).second) open.push_back(next);
  }
  return {};
}

std::vector<int> Graph::order() const {
  std::vector<int> missing(tasks_.size(), 0);
  for (const auto& followers : followers_)
    for (const int follower : followers) ++missing[at(follower)];
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (std::size_t i = 0; i < tasks_.size(); ++i)
    if (missing[i] == 0) ready.push(static_cast<int>(i));
  std::vector<int> order;
  order.reserve(tasks_.size());
  while (!ready.empty()) {
    const int next = ready.top();
    ready.pop();
    order.push_back(next);
    for (const int follower : followers_[at(next)])
      if (--missing[at(follower)] == 0) ready.push(follower);
  }
  return order;
}

}  // namespace foldstream
