// DistributedRun: this rank's part of a run over ranks; on one of them with the coordinator.
#pragma once

#include "coordinator.hpp"
#include "exchange.hpp"
#include "flow_store.hpp"
#include "stream_carrier.hpp"
#include "target_cursor.hpp"

#include <foldstream/stream_hub.hpp>
#include <foldstream/thread_executor.hpp>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace foldstream::mpi {

/// Names a port to whoever does not know, or mind, its type.
inline OutputRef untyped_output(const std::string& task, const std::string& port) {
  return {task, port, Value().type()};
}

/// What a DistributedRun is made of.
struct RunParts {
  int rank = 0;
  WorkerOptions worker;
  std::vector<RankFacts> facts;  ///< of all ranks
  std::set<int> lost = {};       ///< ranks that are gone already
  bool survives = false;         ///< whether it goes on without ranks that are lost
  int run_ahead = 0;
  std::uint64_t window_bytes = 0;  ///< of a stream
  std::shared_ptr<ThreadExecutor> threads;
  Exchange* exchange = nullptr;  ///< outlives the traffic of the run, not the run
};

class DistributedRun final : public RunState, public Endpoint {
 public:
  DistributedRun(const Graph& graph, TargetSource source, RunOptions options, RunParts parts);
  ~DistributedRun() override;

  /// Once, when the exchange knows it. @throws what ThreadExecutor::run_source throws.
  void start();
  /// Cancels if it still runs and this rank leads, and waits; the last call of the handle.
  void end();
  /// The rank that has the coordinator.
  int leader() const;

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
  void on_lost(int rank) override;
  bool expects_traffic() override;

 private:
  class Listener;
  /// A piece that was begun here, by the index that it has in the local run.
  struct LocalPiece {
    Piece piece;
    std::vector<int> feeders;  ///< ranks whose streams it reads
  };

  double elapsed() const;

  // the source: distributed_source.cpp
  std::optional<Target> next_target();
  std::optional<Target> end_source();
  std::optional<Target> read_target(LeasedPiece leased, int floor);
  void describe_part(Target& target, LeasedPiece leased);

  // what the local run tells: distributed_events.cpp
  bool wants(Event::What what) const;
  void hear(Event event);
  void hear_ended(TargetOutcome outcome);
  bool is_of_part(const Event& event, int part) const;
  void locate_outputs(const Event& event, const Piece& piece);
  void open_stream(const Event& event, int local);
  bool is_dropped(const Event& event);
  void observe(const Event& event);
  void observe_target(const Event& event);
  void observe_ended_targets();

  // traffic: distributed_run.cpp
  void find_streams_elsewhere();
  bool is_lost(int rank) const;
  void make_coordinator(bool takes_over);
  void lead_if_first();
  void on_flow_message(const Envelope& envelope);
  void answer(const Envelope& envelope);
  void post(int rank, Message message);
  void tend_local_run();
  void settle();

  // results: distributed_values.cpp
  void wait_for_all() const;
  EndedTarget ended_target(int index) const;
  Value value_here(const std::string& task, const std::string& port, const Piece& piece);
  Value value_elsewhere(int task, const std::string& port, const EndedTarget& ended, int rank);

  const Graph graph_;
  const RunOptions options_;
  const RunParts parts_;
  const std::vector<Part> cut_;
  const std::vector<int> part_of_;  ///< by task
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  TargetCursor cursor_;
  std::atomic<bool> is_heard_ = true;  ///< whether somebody wants to hear what happens here
  int seen_losses_ = 0;  ///< used by the feeder thread only
  std::shared_ptr<FlowStore> flow_;  ///< null if the graph is not cut
  std::shared_ptr<StreamHub> hub_;
  std::unique_ptr<StreamCarrier> carrier_;

  mutable std::mutex mutex_;  ///< guards what follows
  mutable std::condition_variable finished_;
  std::condition_variable may_take_;  ///< for the feeder thread
  bool is_feeder_waiting_ = false;
  int leader_ = 0;
  std::set<int> lost_;
  Worker worker_;
  std::optional<Coordinator> coordinator_;  ///< on the rank that leads
  std::vector<Envelope> early_;             ///< for the coordinator that this rank may soon have
  std::vector<Envelope> outbox_;
  std::vector<LocalPiece> local_pieces_;                    ///< by index in the local run
  std::map<Piece, int> local_index_;                        ///< the last of each
  std::map<std::pair<int, std::string>, double> progress_;  ///< when it was last forwarded
  bool has_local_ended_ = false;

  std::mutex observer_mutex_;
  std::set<int> told_targets_;  ///< in work, whose beginning was observed; if the graph is cut
  std::optional<Run> local_;    ///< last: it ends before what its tasks use
};

}  // namespace foldstream::mpi
