// DistributedRun: this rank's part of a run over ranks; on rank 0 with the coordinator.
#pragma once

#include "coordinator.hpp"
#include "exchange.hpp"
#include "target_cursor.hpp"

#include <foldstream/thread_executor.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <utility>

namespace foldstream::mpi {

/// Names a port to whoever does not know, or mind, its type.
inline OutputRef untyped_output(const std::string& task, const std::string& port) {
  return {task, port, Value().type()};
}

/// What a DistributedRun is made of.
struct RunParts {
  int rank = 0;
  int ranks = 1;
  WorkerOptions worker;
  std::shared_ptr<ThreadExecutor> threads;
  Exchange* exchange = nullptr;  ///< outlives the traffic of the run, not the run
};

class DistributedRun final : public RunState, public Endpoint {
 public:
  DistributedRun(const Graph& graph, TargetSource source, RunOptions options, RunParts parts);
  ~DistributedRun() override;

  /// Once, when the exchange knows it. @throws what ThreadExecutor::run_source throws.
  void start();
  /// Cancels if it still runs and this is rank 0, and waits; the last call of the handle.
  void end();

  // of the run
  void wait() override;
  bool is_finished() const override;
  void cancel() override;
  std::vector<TargetOutcome> outcomes() const override;
  Value value(const std::string& task, const std::string& port, int target_index) override;

  // of the exchange
  void on_message(const Envelope& envelope) override;
  std::vector<Envelope> poll() override;
  bool is_done() override;
  void give_up(const std::string& why) override;

 private:
  class Listener;

  double elapsed() const;
  std::optional<Target> next_target();
  std::optional<Target> end_source();
  std::optional<Target> read_target(int index, int floor);
  void hear(const Event& event);
  void collect(const Event& event);
  bool is_dropped(const Event& event);
  void observe(const Event& event);
  void tend_local_run();
  void settle();
  void wait_for_all() const;
  EndedTarget ended_target(int index) const;
  Value stored_value(const std::string& task, const std::string& port, const EndedTarget& ended);

  const Graph graph_;
  const RunOptions options_;
  const RunParts parts_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  TargetCursor cursor_;

  mutable std::mutex mutex_;  ///< guards what follows
  mutable std::condition_variable changed_;
  Worker worker_;
  std::optional<Coordinator> coordinator_;  ///< on rank 0
  std::vector<Envelope> outbox_;
  std::map<int, TargetOutcome> live_;                       ///< by target index
  std::map<std::pair<int, std::string>, double> progress_;  ///< when it was last forwarded
  bool has_local_ended_ = false;

  std::mutex observer_mutex_;
  std::mutex stored_mutex_;
  std::map<int, Run> stored_;  ///< look-ups in the store, by target index
  std::optional<Run> local_;   ///< last: it ends before what its tasks use
};

}  // namespace foldstream::mpi
