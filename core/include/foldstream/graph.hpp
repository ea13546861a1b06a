// Graph: tasks and the connections between their ports. Describing it does no work.
#pragma once

#include <foldstream/task.hpp>

#include <memory>
#include <span>
#include <string>
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

  std::size_t task_count() const noexcept { return tasks_.size(); }
  std::size_t edge_count() const noexcept { return edges_.size(); }

  const std::vector<std::shared_ptr<const Task>>& tasks() const noexcept { return tasks_; }
  const std::vector<Edge>& edges() const noexcept { return edges_; }
  /// Index of the task called `name`. @throws Error{NotFound} with the near miss.
  int index_of(const std::string& name) const;
  /// Task indices such that every task comes after those it depends on; insertion order breaks ties.
  std::vector<int> order() const;

 private:
  std::vector<int> path(int from, int to) const;

  std::vector<std::shared_ptr<const Task>> tasks_;
  std::vector<Edge> edges_;
};

}  // namespace foldstream
