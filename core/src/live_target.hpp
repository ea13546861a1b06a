// LiveTarget: a target while its graph runs on it: the states, keys and values of its tasks.
#pragma once

#include "wiring.hpp"

#include <foldstream/executor.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace foldstream {

/// Why a task did not end well.
struct TaskFailure {
  std::exception_ptr error;  ///< null: it was skipped or cancelled before it began
  ErrorKind kind = ErrorKind::Task;
  std::string message;
};

/// What an exception says.
TaskFailure failure_of(const std::exception_ptr& why);

/// A state that one thread writes while others read it; what was written before is seen with it.
class TaskState {
 public:
  TaskState(State state) noexcept : state_(state) {}
  operator State() const noexcept { return state_.load(std::memory_order_acquire); }
  TaskState& operator=(State state) noexcept {
    state_.store(state, std::memory_order_release);
    return *this;
  }

 private:
  std::atomic<State> state_;
};

/// One task of one target, 64 bytes. Written by the thread that runs or ends it; whoever sees
/// `missing` of a task fall to zero may read those it depends on. If these still run, that is their
/// key, their state, and the values that are streams.
struct LiveTask {
  std::atomic<std::int32_t> missing = 0;  ///< ends it waits for; `ended` or below: none can start it
  std::atomic<std::int32_t> uses = 0;     ///< tasks that may still read its values
  float seconds = 0;
  TaskState state = State::waiting;
  bool has_key = false;
  std::uint8_t attempts = 0;
  std::uint8_t shrinks = 0;  ///< attempts that ran out of memory
  Key key;
  std::vector<Value> values;  ///< by output; empty: not in memory, or not yet
  std::unique_ptr<TaskFailure> failure;

  static constexpr std::int32_t ended = 1 << 30;  ///< for `missing` of tasks that do not run

  bool is_good() const noexcept { return foldstream::is_good(state); }
};
static_assert(sizeof(void*) != 8 || sizeof(LiveTask) == 64);

struct LiveTarget;

/// A task that runs a graph on each element of a list.
struct Elements {
  LiveTarget* parent = nullptr;
  int task = 0;
  std::vector<std::unique_ptr<LiveTarget>> targets;
  std::atomic<int> remaining = 0;
};

struct LiveTarget {
  explicit LiveTarget(const Wiring& wired)
      : wiring(&wired), tasks(std::make_unique<LiveTask[]>(wired.size())) {}

  /// As new, with the memory it had.
  void reset();
  const Magnitudes& magnitudes() const {
    static const Magnitudes none;
    return sizes ? *sizes : none;
  }
  LiveTask& operator[](int task) { return tasks[static_cast<std::size_t>(task)]; }
  const LiveTask& operator[](int task) const { return tasks[static_cast<std::size_t>(task)]; }

  const Wiring* wiring;
  std::string name;
  int index = 0;
  int element = -1;                ///< of `elements`
  std::atomic<int> remaining = 0;  ///< tasks that have not ended
  std::unique_ptr<LiveTask[]> tasks;
  std::vector<Value> bound;        ///< by slot
  std::unique_ptr<Magnitudes> sizes;  ///< the run's lock guards it; null: none are known
  /// Seconds from the start of each task to the end of the target, at best; last, those of the
  /// longest chain. Empty: not known.
  std::vector<float> levels;
  Elements* elements = nullptr;                   ///< that it is one of
  /// Streams that have begun, by task and output; the run's lock guards it. Null: none has.
  std::unique_ptr<std::vector<std::pair<int, int>>> begun;
  /// By task; the run's lock guards it. Null: none of its tasks maps a list now.
  std::unique_ptr<std::map<int, std::unique_ptr<Elements>>> inner;
};

/// A target whose tasks have not begun: given tasks have ended, those that feed only these too.
/// @throws Error{InvalidArgument} for an input that nothing feeds or that is fed twice, or a value of
/// a wrong type; Error{NotFound} for a task or port that is none.
/// @param spare  a target of the same wiring to be used again; may be null
std::unique_ptr<LiveTarget> make_live(const Wiring& wiring, const Target& target,
                                      std::unique_ptr<LiveTarget> spare = nullptr);
/// One with all tasks failed: for a target that `make_live` refuses.
std::unique_ptr<LiveTarget> make_refused(const Wiring& wiring, const Target& target,
                                         const std::exception_ptr& why);

/// What the key of a task is made of, once what it depends on has ended; empty: it has none.
void key_fields(const LiveTarget& live, int task, std::string& text);

/// The value of an input; empty if it is optional and absent. Of a reused producer, loaded before.
Value input_value(const LiveTarget& live, const InputSource& source);

/// The stored outputs of a task, by output. Nothing if the store cannot give them, or `hub` cannot
/// read a stream among them.
/// @param hub  null: streams are not looked at
std::optional<std::vector<Value>> load_outputs(const Task& task, const Key& key, Store& store,
                                                const StreamHub* hub);

/// Lets `context` keep parts of a task, in the store under keys of their own, as tasks named
/// "<task>.<part>" of the same target.
void offer_parts(const LiveTarget& live, int task, const std::shared_ptr<Store>& store,
                 Context& context);

/// The outcome of a task as the outside sees it.
Outcome outcome_of(const LiveTask& task, bool is_stored);

/// "<task>", or of an element "<mapping task>[3]/<task>".
std::string task_name(const LiveTarget& live, int task);

}  // namespace foldstream
