// RunStatus: where a campaign stands, in OUT/status.json, for those who ask from another process or node.
#pragma once

#include <foldstream/observer.hpp>
#include <foldstream/run.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace foldstream::apps {

/// One attempt at a campaign: from the start of the command to its end.
struct Life {
  std::int64_t began_at = 0;  ///< seconds since 1970
  std::int64_t ended_at = 0;  ///< or the last sign of life
  std::string end;            ///< "ended", "drained", "lost", or "running"
  std::string cause;          ///< of a drain: "SIGUSR1"
  std::string job;            ///< SLURM's number of the job; empty: none
  int computed = 0;           ///< tasks that it ran, not counting what it found stored
  double drain_seconds = 0;   ///< from the word to stop until all was durable; 0: was not told

  friend bool operator==(const Life&, const Life&) = default;
};

/// "drained (SIGUSR1, in 2.1 s) after 1:05, 12 tasks computed, job 42".
std::string life_text(const Life& life);

struct TaskCounts {
  int running = 0, done = 0, reused = 0, failed = 0;
  int others = 0;  ///< given with the target, skipped, bypassed, cancelled
  double seconds = 0;  ///< wall time of those that were done
};

struct FailedTask {
  std::string target, task, kind, message;
};

/// What status.json holds (docs/formats.md).
struct RunStatus {
  std::string state = "running";  ///< or "ended", "drained"
  std::string workflow, input;
  std::int64_t began_at = 0;    ///< of this life, seconds since 1970
  std::int64_t updated_at = 0;
  int ranks = 1, threads = 1;  ///< threads of all ranks
  int devices = 0;             ///< of all ranks
  int targets = 0, targets_refused = 0;
  int targets_done = 0, targets_failed = 0, targets_running = 0;
  std::vector<std::string> order;           ///< of the tasks
  std::map<std::string, TaskCounts> tasks;
  std::set<std::string> device_tasks;  ///< tasks that have a device while they run
  double device_seconds = 0;           ///< of these, the running ones included
  double busy_seconds = 0;  ///< thread-seconds of tasks, the running ones included
  double seconds = 0;       ///< since this life began
  double fraction = 0;      ///< of the estimated work that was not stored yet
  std::uint64_t peak_bytes = 0;  ///< the largest of the ranks, once it is read from a folder
  std::vector<FailedTask> failures;
  std::vector<Life> lives;  ///< the earlier ones, and this

  /// Seconds to go; negative: not known.
  double eta() const;
  /// Of the time that the devices were there, 0 to 1.
  double device_busy_share() const;
};

nlohmann::json to_json(const RunStatus& status);
/// Of what `to_json` gave. @throws nlohmann::json::exception.
RunStatus status_of(const nlohmann::json& json);
/// @throws Error{NotFound} if the folder holds no status, Error{Parse} if it is damaged.
RunStatus read_status(const std::filesystem::path& out);
/// Whole or not at all. @throws Error{Io}.
void write_status(const std::filesystem::path& out, const RunStatus& status);

/// Counts what it hears. Not thread-safe.
class StatusCounter {
 public:
  /// @param start  what is known before the run: names, targets, earlier lives
  explicit StatusCounter(RunStatus start) : status_(std::move(start)) {}

  void notify(const Event& event);
  /// Puts what the run came to in place of what was heard: a rank that leads since another was lost
  /// has not heard all.
  void recount(const std::vector<TargetOutcome>& outcomes);
  /// @param seconds  since the run began
  RunStatus status(double seconds, double fraction) const;

 private:
  using TaskId = std::pair<int, std::string>;
  struct Span {
    double begin;
    int threads;
  };

  void count_target(const Outcome& worst);
  void count(const std::string& target, const std::string& task, const Outcome& outcome);

  RunStatus status_;
  std::map<TaskId, Span> running_;
};

}  // namespace foldstream::apps
