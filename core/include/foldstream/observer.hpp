// Observer: what a run tells about itself while it runs.
#pragma once

#include <foldstream/error.hpp>
#include <foldstream/store.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace foldstream {

/// How a task of a target ended.
enum class State : std::uint8_t {
  waiting,    ///< not ended yet
  done,       ///< computed in this run
  reused,     ///< its stored result was found
  given,      ///< its outputs came with the target
  failed,
  skipped,    ///< a task it depends on failed
  cancelled,
  bypassed,   ///< a condition was not met
};

std::string_view to_string(State state);

/// Whether what needs the task's outputs may go on.
constexpr bool is_good(State state) noexcept {
  return state == State::done || state == State::reused || state == State::given ||
         state == State::bypassed;
}

/// Worse states are larger: 0 is good.
int badness(State state);

/// How a task of a target ended, and why.
struct Outcome {
  State state = State::waiting;
  ErrorKind kind = ErrorKind::Task;  ///< of a failure
  std::string message;               ///< of a failure or skip; empty otherwise
  double seconds = 0;                ///< wall time of the body
  std::optional<Key> key = {};       ///< under which the result is stored; none: it is not

  bool is_good() const noexcept { return foldstream::is_good(state); }
};

/// Something that happened. Times are seconds since the run began.
struct Event {
  enum class What : std::uint8_t {
    target_started,
    task_started,
    task_progress,  ///< fraction and text
    task_ended,     ///< outcome
    target_ended,   ///< outcome: that of its worst task
    warning,        ///< text
    task_waiting,   ///< text: the resource it waits for, "memory"
    task_retried,   ///< outcome: the failure; it will be started again
    stream_opened,  ///< text: the output port; outcome: the key that its task will have
  };

  What what = What::warning;
  int target_index = 0;  ///< position in the targets of the run
  std::string target = {};
  std::string task = {};  ///< empty for target events
  double time = 0;
  int rank = 0;
  int threads = 0;      ///< granted
  double fraction = 0;  ///< 0–1
  std::string text = {};
  Outcome outcome = {};
};

/// Listens to a run. Calls come one at a time, from any thread; they must be quick and not throw.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void notify(const Event& event) = 0;
  /// Whether events of this kind should be made at all. Asked before each, from any thread, also
  /// while `notify` runs.
  virtual bool wants(Event::What what) const {
    static_cast<void>(what);
    return true;
  }
};

}  // namespace foldstream
