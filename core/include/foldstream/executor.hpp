// Executor: what turns a graph and its targets into a run.
#pragma once

#include <foldstream/cost.hpp>
#include <foldstream/run.hpp>
#include <foldstream/stream_hub.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace foldstream {

/// A value for an input port that no task feeds.
struct Binding {
  template <class T>
  Binding(InputRef port, T bound) : input(std::move(port)), value(Value::of<T>(std::move(bound))) {}
  Binding(InputRef port, Value bound) : input(std::move(port)), value(std::move(bound)) {}

  InputRef input;
  Value value;
};

/// A value for an output port: the task that would compute it is not run.
struct Given {
  template <class T>
  Given(OutputRef port, T bound) : output(std::move(port)), value(Value::of<T>(std::move(bound))) {}
  Given(OutputRef port, Value bound) : output(std::move(port)), value(std::move(bound)) {}

  OutputRef output;
  Value value;
};

/// A task that is not run in this part of a target.
struct Earlier {
  int task = 0;  ///< position in Graph::tasks()
  Outcome outcome;
  /// If it still runs: the streams that it has begun, by output port. The outcome is then that of a
  /// task that waits, with the key that it will have.
  std::vector<std::pair<std::string, Stream>> streams = {};
};

/// One thing a graph is run on.
struct Target {
  std::string name = {};
  std::vector<Binding> inputs = {};
  std::vector<Given> given = {};
  Magnitudes magnitudes = {};  ///< for cost estimates
  int index = -1;         ///< position in the run; negative: the executor counts
  /// To run it in part: the tasks to run, by position in Graph::tasks(). Empty: all.
  std::vector<int> only = {};
  /// How the tasks that those depend on ended elsewhere. Their values are found in the store of the
  /// run, under the key of the outcome.
  std::vector<Earlier> earlier = {};
};

/// Gives the next target, or nothing at the end. Called from one thread at a time; it may block, and
/// its run cannot end before it returns.
using TargetSource = std::function<std::optional<Target>()>;

struct RunOptions {
  std::shared_ptr<Store> store = {};        ///< results are looked up and kept there; may be null
  std::shared_ptr<Observer> observer = {};  ///< may be null
  bool keep_values = true;  ///< hold all outputs in memory until the run is gone; off: only in the store
  /// Corrects the estimates of the tasks, and learns from them; may be null.
  std::shared_ptr<CostBook> costs = {};
  /// Seconds from the start of the run after which nothing should be running: a task that would end
  /// later is cancelled instead of begun, unless it keeps parts. 0 = none.
  double deadline_seconds = 0;
  /// Of host memory, what its tasks keep for all targets (Plan::kept_bytes; on ranks, of the tasks that
  /// this rank runs). The executor's limit counts it until the run is gone, and each task with the rest
  /// of what it needs. 0: a task counts with all it needs while it runs, and what it keeps behind it
  /// does not.
  std::uint64_t kept_bytes = 0;
  int retries_per_cause = 1000;  ///< of the whole run, for each kind of error
  /// Where the streams of the run live; null: a hub of its own, on the store.
  std::shared_ptr<StreamHub> streams = {};
  /// Told of each target that has ended, behind its last event: how all its tasks did (on ranks: those
  /// that this rank ran). Called from any thread, for several targets at once; must be quick and not
  /// throw. May be empty.
  std::function<void(TargetOutcome)> on_ended = {};
  /// Asked before a target is read from the source, by the thread that reads it (on ranks: before this
  /// rank takes one); while it says no, it is asked again every 100 ms. A target that it has let through
  /// ends with `on_ended`, unless the source had none. May be empty; must be quick. What it throws ends the
  /// run as what the source throws does.
  std::function<bool()> may_begin = {};
  int window = 0;  ///< most targets that are read ahead; 0 = 32 for each thread, at least 256
};

/// Runs graphs. Thread-safe: several runs may go on at once and share the executor's threads.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Starts `graph` on every target of `source` and returns at once. The graph is copied. Whoever
  /// drops the run cancels it. A target
  /// that leaves an input unfed, feeds one twice or binds a wrong type fails with InvalidArgument
  /// before any of its tasks runs; the others go on. Two targets of one index end the run as a source
  /// that throws does. Targets are read from `source` as others end, so that it may give millions.
  [[nodiscard]] virtual Run run_source(const Graph& graph, TargetSource source,
                                       RunOptions options) = 0;

  [[nodiscard]] Run run_targets(const Graph& graph, std::vector<Target> targets, RunOptions options = {});
  /// One target without a name.
  [[nodiscard]] Run run(const Graph& graph, std::vector<Binding> inputs, RunOptions options = {});
};

}  // namespace foldstream
