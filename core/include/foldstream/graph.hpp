// Graph: tasks and the connections between their ports. Describing it does no work.
#pragma once

#include <foldstream/task.hpp>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace foldstream {

/// An output port of a task in a graph.
struct OutputRef {
  std::string task;
  std::string port;
  PortType type;
};

/// An input port of a task in a graph.
struct InputRef {
  std::string task;
  std::string port;
  PortType type;
};

/// A task in a graph, to name its ports. Stays valid when the graph is copied, moved or gone.
class TaskRef {
 public:
  explicit TaskRef(std::shared_ptr<const Task> task) : task_(std::move(task)) {}

  const std::string& name() const noexcept { return task_->name; }
  /// @throws Error{NotFound} with the near miss.
  OutputRef output(const std::string& port) const;
  InputRef input(const std::string& port) const;

 private:
  std::shared_ptr<const Task> task_;
};

/// A connection: the value of `from` becomes the input `to`.
struct Edge {
  int from_task;  ///< index into Graph::tasks()
  std::string from_port;
  int to_task;
  std::string to_port;
};

/// A condition: `task` runs only if the bool at `port` of `from_task` is `wanted`.
struct Guard {
  int from_task;  ///< index into Graph::tasks()
  std::string port;
  bool wanted = true;
};

/// A directed acyclic graph of tasks. Not thread-safe while it is being built; after that, const
/// calls are. An executor never changes it.
class Graph {
 public:
  /// @throws Error{InvalidArgument} for a second task of the same name, two ports of one name, an
  /// empty name, or a task without a body; the graph stays as it was.
  TaskRef add(Task task);

  /// @throws Error{NotFound} with the near miss.
  TaskRef task(const std::string& name) const;

  /// @throws Error{InvalidArgument} naming both ends if the types differ, the input already has a
  /// source, or the edge would close a cycle; the graph stays as it was.
  void connect(const OutputRef& from, const InputRef& to);

  /// Lets `task` run only if the value of `condition`, a bool, is `wanted`; otherwise it is bypassed,
  /// and so is every task that needs an output of it. A task with optional inputs brings the
  /// branches together again: it is given those that ran.
  /// @throws Error{InvalidArgument} if the condition is no bool, the task has one already, or it
  /// would close a cycle; the graph stays as it was.
  void run_if(const OutputRef& condition, const TaskRef& task, bool wanted = true);

  /// Adds the tasks and connections of `part`, each task as "<prefix>/<name>".
  /// @throws Error{InvalidArgument} if there is a task of such a name; the graph stays as it was.
  void include(const std::string& prefix, const Graph& part);

  std::size_t task_count() const noexcept { return tasks_.size(); }
  std::size_t edge_count() const noexcept { return edges_.size(); }

  const std::vector<std::shared_ptr<const Task>>& tasks() const noexcept { return tasks_; }
  const std::vector<Edge>& edges() const noexcept { return edges_; }
  /// Indices into edges() of those that feed a task.
  const std::vector<int>& incoming(int task) const { return incoming_[static_cast<std::size_t>(task)]; }
  /// The condition of a task; nothing: it always runs.
  const std::optional<Guard>& guard(int task) const { return guards_[static_cast<std::size_t>(task)]; }
  bool contains(const std::string& name) const { return indices_.contains(name); }
  /// Index of the task called `name`. @throws Error{NotFound} with the near miss.
  int index_of(const std::string& name) const;
  /// Task indices such that every task comes after those it depends on; insertion order breaks ties.
  std::vector<int> order() const;

 private:
  void check_acyclic(int from, int to, const std::string& what) const;
  std::vector<int> path(int from, int to) const;

  std::vector<std::shared_ptr<const Task>> tasks_;
  std::vector<Edge> edges_;
  std::vector<std::optional<Guard>> guards_;
  std::unordered_map<std::string, int> indices_;
  std::vector<std::vector<int>> incoming_;   ///< edges of each task
  std::vector<std::vector<int>> followers_;  ///< tasks that wait for each task
};

}  // namespace foldstream
