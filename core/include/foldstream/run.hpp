// Run: a running or finished execution of a graph over targets.
#pragma once

#include <foldstream/graph.hpp>
#include <foldstream/observer.hpp>
#include <foldstream/store.hpp>

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace foldstream {

/// What a run knows of one target.
struct TargetOutcome {
  std::string name;
  int index = 0;                ///< position in the targets of the run
  std::vector<Outcome> tasks;   ///< in the order of Graph::tasks()

  /// The first failure, else the first skipped or cancelled task, else the good one.
  const Outcome& worst() const;
  bool is_good() const { return worst().is_good(); }
};

/// The side of a run that an executor implements. Thread-safe.
class RunState {
 public:
  virtual ~RunState() = default;
  virtual void wait() = 0;
  virtual bool is_finished() const = 0;
  virtual void cancel() = 0;
  virtual std::vector<TargetOutcome> outcomes() const = 0;
  /// Of a finished task. @throws Error of its failure; Error{NotFound} if the value was not kept.
  virtual Value value(const std::string& task, const std::string& port, int target_index) = 0;

  /// Holds a value for as long as the run lives.
  const Value& keep(Value value);

 private:
  std::mutex kept_mutex_;
  std::deque<Value> kept_;
};

/// A handle of a run; copies name the same run. The destructor of the last one cancels what still
/// runs and waits for it. Thread-safe.
class Run {
 public:
  explicit Run(std::shared_ptr<RunState> state) : state_(std::move(state)) {}

  /// Returns when every target has ended. Does not throw for failed tasks: see `outcomes`.
  /// @throws what the target source threw, after the targets before it have ended.
  void wait() { state_->wait(); }
  bool is_finished() const { return state_->is_finished(); }
  /// Asks running tasks to stop and starts no others; returns at once.
  void cancel() { state_->cancel(); }

  /// The targets that have ended, in their order.
  std::vector<TargetOutcome> outcomes() const { return state_->outcomes(); }

  /// Waits, then gives the value of a port. The reference lives as long as a copy of this Run.
  /// @throws Error of the task's failure, as the task threw it.
  template <class T>
  const T& get(const OutputRef& port, int target_index = 0) {
    state_->wait();
    return state_->keep(state_->value(port.task, port.port, target_index)).template as<T>();
  }

  /// The same as a value that is not held for the run's life: for campaigns of many targets.
  Value value(const OutputRef& port, int target_index = 0) {
    state_->wait();
    return state_->value(port.task, port.port, target_index);
  }

 private:
  std::shared_ptr<RunState> state_;
};

}  // namespace foldstream
