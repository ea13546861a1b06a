// Flow: a fixed graph of light tasks, for inner loops whose steps depend on each other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace foldstream {

class ThreadExecutor;

/// When a light task ran.
struct FlowSpan {
  std::int32_t task = 0;    ///< -1: it was spawned
  std::int32_t thread = 0;  ///< from 0
  double begin = 0;         ///< seconds since the flow began
  double end = 0;
};

/// A thread that runs a flow, as its bodies see it.
class FlowThread {
 public:
  /// Adds a task that may run at once, on any thread of the flow; the flow ends after it.
  void spawn(std::function<void(FlowThread&)> body);
  int number() const noexcept { return number_; }

 private:
  friend class FlowRun;
  class FlowRun* run_ = nullptr;
  int number_ = 0;
};

/// Tasks without ports, values, keys or outcomes, called by their numbers: what a task of a Graph is
/// too heavy for, steps of a microsecond or less (the cells of an alignment, the blocks of a
/// factorisation). A task costs some ten nanoseconds; the first that becomes ready is gone on with
/// by the thread that made it so, and wide fans are handed out in ranges.
class Flow {
 public:
  /// Tasks 0 … tasks - 1 that do not depend on each other yet.
  explicit Flow(int tasks);
  ~Flow();
  Flow(Flow&&) noexcept;
  Flow& operator=(Flow&&) noexcept;

  int size() const noexcept;
  /// `after` begins when `before` has ended. @throws Error{InvalidArgument} for a number out of range.
  void precede(int before, int after);

  /// Runs every task once, on up to `threads` threads of `executor` (0 = all it has, as they become
  /// free), and returns when all have ended. The first exception of a body stops the flow and is
  /// thrown here. Not to be called from a task of the same executor. One call at a time.
  /// @param trace  filled with a span for each task; may be null
  /// @throws Error{InvalidArgument} if some tasks depend on each other in a circle.
  void run(ThreadExecutor& executor, const std::function<void(int task, FlowThread& thread)>& body,
           std::vector<FlowSpan>* trace = nullptr, int threads = 0);

 private:
  friend class FlowRun;
  struct Wires;
  std::unique_ptr<Wires> wires_;
};

}  // namespace foldstream
