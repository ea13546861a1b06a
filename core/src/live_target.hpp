// LiveTarget: a target while its graph runs on it: which tasks run, with which keys and values.
#pragma once

#include <foldstream/executor.hpp>

#include <exception>
#include <memory>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace foldstream {

/// One task of one target.
struct LiveTask {
  bool will_run = false;
  int missing = 0;  ///< producers that have not ended
  Outcome outcome;
  std::optional<Key> key;   ///< none: never stored
  Values values;            ///< outputs in memory
  bool is_loading = false;  ///< a thread is bringing the stored outputs into memory
  std::exception_ptr failure;
};

/// Not thread-safe: its run's lock guards it.
struct LiveTarget {
  Target target;
  std::vector<LiveTask> tasks;  ///< in the order of Graph::tasks()
  int running = 0;              ///< tasks that have not ended
};

/// Decides for each task of `target`: given, reused from `store`, or to run; counts what each waits
/// for. A task that only feeds given ones is neither run nor looked up.
/// @throws Error{InvalidArgument} for an input that nothing feeds, or a value of a wrong type.
LiveTarget make_live(const Graph& graph, const std::vector<int>& order, Target target,
                     Store* store);

/// The stored outputs of a task as values. Empty if the store cannot give them.
std::optional<Values> load_values(const Task& task, const std::optional<Key>& key, Store* store);

/// Lets `context` keep parts of a task, in the store under keys of their own, as tasks named
/// "<task>.<part>" of the same target.
void offer_parts(const std::string& target, const std::string& task, const std::optional<Key>& key,
                 const std::shared_ptr<Store>& store, Context& context);

}  // namespace foldstream
