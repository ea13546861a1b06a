// Context: what a running task was granted, and how it speaks to its run.
#pragma once

#include <foldstream/stream.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace foldstream {

/// Given to a task while it runs. The default is one thread, no listener, never cancelled.
/// Thread-safe: `progress` and `warn` may be called from any thread of the task.
struct Context {
  int threads = 1;        ///< how many threads the task may use, its own included; ≥ 1
  std::stop_token stop;   ///< asked to stop: call `check_cancelled` every ≤ 100 ms of work
  /// Fraction done (0–1) and what is being done, "scanning 40 %"; may be empty.
  std::function<void(double, std::string_view)> progress;
  /// Something a user should know that does not fail the task; may be empty.
  std::function<void(std::string_view)> warn;
  /// Long tasks can keep parts of their result, so that a run that was stopped goes on inside
  /// them: `keep` makes a part durable, `earlier` gives it back when the same task (by its key)
  /// runs again. Both are empty where there is no store, or Task::keeps_parts is not said;
  /// thread-safe.
  std::function<void(const std::string& part, const Record&)> keep;
  std::function<std::optional<Record>(const std::string& part)> earlier;
  /// Begins the stream at an output port of type Stream; consumers of the port may begin from now on.
  /// The body gives no value for the port. A task that does not open it, and gives no other stream as
  /// its value, gives an empty stream. Once it has opened one, its retries keep what it was granted.
  /// @throws Error{Unsupported} in the body of a batch; what StreamHub::open throws.
  std::function<std::unique_ptr<StreamWriter>(const std::string& port, const StreamType&)> open_stream;
  /// Reads a stream that came in as an input, from its first chunk. If the stream's task fails, so
  /// does its reader: it ends as skipped.
  std::function<std::unique_ptr<StreamReader>(const Stream&)> read_stream;
  std::string_view device;         ///< name of the device granted, "cuda:1"; empty: none
  std::uint64_t device_bytes = 0;  ///< of its memory that are granted
  int attempt = 1;                 ///< 2 at the first retry
  int shrink = 0;  ///< how many attempts ran out of memory: halve chunks and batches so often

  void report(double fraction, std::string_view what) const {
    if (progress) progress(fraction, what);
  }
  void warning(std::string_view message) const {
    if (warn) warn(message);
  }
  /// @throws Error{Cancelled} if the run was asked to stop.
  void check_cancelled() const;
};

/// Calls `body(i)` for i in [0, count) on up to `context.threads` threads; which thread runs which i
/// is not defined, so results must not depend on it. The first exception is rethrown at the end.
/// Checks for cancellation between calls.
void parallel_for(const Context& context, int count, const std::function<void(int)>& body);

}  // namespace foldstream
