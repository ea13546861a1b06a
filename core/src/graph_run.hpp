// GraphRun: one run of a graph over targets, on whatever Pool.
#pragma once

#include "live_target.hpp"
#include "pool.hpp"

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <utility>
#include <vector>

namespace foldstream {

/// What is kept of a target that has ended.
struct EndedTarget {
  struct Task {
    Key key;
    float seconds;
    State state;
    bool has_key;
  };
  std::string name;
  std::vector<Task> tasks;                         ///< empty: see `live`
  std::vector<std::pair<int, TaskFailure>> failures;  ///< by task
  std::unique_ptr<LiveTarget> live;                ///< if its values are kept
};

/// Tasks that will be handed over together.
struct Batch {
  struct Member {
    LiveTarget* live;
    int task;
    Values inputs;
  };
  const Task* task = nullptr;
  std::vector<Member> members;
  double size = 0;
  Submission submission;
  bool has_failed = false;  ///< its members go on one by one
};

/// Decides what runs when: the logic of every executor. A task whose last producer ended is decided
/// on by the thread that ended it: skipped, bypassed, reused, or handed to the pool. Threads share
/// counters in the live targets; locks are for what is rare.
class GraphRun final : public RunState, public Job {
 public:
  /// @param pretends  bodies are not called: a task takes as long as it is estimated to
  GraphRun(const Graph& graph, RunOptions options, Pool& pool, int number, bool pretends);
  ~GraphRun() override;

  /// Begins a target; one call at a time. @throws Error{InvalidArgument} for an index given before.
  void admit(Target target);
  /// There will be no more targets; `failure` is why, if not because all were admitted.
  void close(std::exception_ptr failure);
  bool is_stopped() const { return stop_.stop_requested(); }
  /// Returns when fewer than `window` targets are live, or the run was stopped.
  void wait_for_room(int window);
  int live_count() const;
  /// Called once, when the last target has ended and there will be no more.
  void on_closed(std::function<void()> tell) { tell_closed_ = std::move(tell); }
  void wait_until_closed();

  void wait() override;
  bool is_finished() const override;
  void cancel() override;
  std::vector<TargetOutcome> outcomes() const override;
  Value value(const std::string& task, const std::string& port, int target_index) override;

  void perform(const Work& work, const Grant& grant) override;
  std::optional<Work> conclude(const Work& work, const Grant& grant, bool may_follow) override;
  double pretended_seconds(const Work& work, const Grant& grant) const override;
  void on_time(const Work& work, int purpose) override;
  void on_waiting(const Work& work, const std::string& what) override;

 private:
  enum Purpose : int { retry, timeout, batch };
  /// What one thread collects while it ends tasks.
  struct Harvest;
  class TimeLimit;

  // targets
  void check_index(int& index);
  void set_levels(LiveTarget& live);
  void begin(LiveTarget& live, Harvest& harvest);
  void end_target(LiveTarget& live, Harvest& harvest);
  void count_element(Elements& elements, Harvest& harvest);
  Outcome worst_of(const LiveTarget& live) const;
  TargetOutcome outcome_of_target(const LiveTarget& live) const;
  EndedTarget keep(std::unique_ptr<LiveTarget>& live) const;
  void close_if_finished();

  // deciding: graph_run_decide.cpp
  void decide(LiveTarget& live, int task, Harvest& harvest);
  bool is_runnable(LiveTarget& live, int task);
  bool is_met(LiveTarget& live, const WiredTask& wired);
  bool is_held_back(LiveTarget& live, int task);
  void hold_back(LiveTask& task, State state, const LiveTask& cause, const std::string& by);
  bool is_reusable(LiveTarget& live, int task);
  Submission submission(LiveTarget& live, int task);
  void submit_alone(LiveTarget& live, int task, Harvest& harvest);
  void cancel_if_late(LiveTarget& live, int task, const Cost& cost);
  Cost cost_of(const LiveTarget& live, const Task& task, Cost* uncorrected = nullptr) const;

  // running: graph_run_perform.cpp, graph_run_values.cpp, graph_run_list.cpp
  struct Teller;
  void attempt(LiveTarget& live, int task, const Grant& grant, double began);
  std::exception_ptr attempt_once(LiveTarget& live, int task, const Grant& grant, double began);
  void run_body(LiveTarget& live, int task, const Context& context, Teller& teller);
  void compute(LiveTarget& live, int task, const Context& context, Teller& teller);
  Values gather_inputs(LiveTarget& live, int task, const Context& context);
  void gather_inputs(LiveTarget& live, int task, const Context& context, Values& inputs);
  void load(LiveTarget& live, int task, const Context& context);
  void bring_outputs(LiveTarget& live, int task, const Context& context);
  void set_outputs(LiveTarget& live, int task, Values&& values, Teller& teller);
  void measure(LiveTarget& live, int task, const Values& values);
  void expand(LiveTarget& live, int task, const Context& context);
  void join(Elements& elements);
  /// Whom a running task speaks for. Outlives its context.
  struct Teller {
    GraphRun* run;
    LiveTarget* live;
    int task;
    const Context* context = nullptr;  ///< of the body
    bool has_ended = false;  ///< the task has, and its followers know: it is computed once more
    struct Opened {
      int output;
      Stream stream;
      std::shared_ptr<std::atomic<std::int64_t>> chunks;  ///< that its writer gave or skipped
    };
    std::vector<Opened> opened = {};  ///< the run's lock guards it
    const Opened* find(int output) const;
  };
  Context make_context(LiveTarget& live, int task, const Grant& grant, Teller* teller = nullptr);
  void save(LiveTarget& live, int task, double seconds);
  void fail(LiveTask& task, const std::exception_ptr& why);
  bool will_retry(LiveTarget& live, int task);
  bool may_retry(LiveTarget& live, int task, const TaskFailure& failure);
  void learn(const LiveTarget& live, int task, const Grant& grant);

  // streams: graph_run_stream.cpp
  static void bind_streams(Context& context, Teller& teller);
  Key id_of_stream(const LiveTarget& live, int task, const std::string& port) const;
  std::unique_ptr<StreamWriter> open_stream(Teller& teller, const std::string& port,
                                            const StreamType& type);
  void begin_consumers(LiveTarget& live, int task, int output, const Stream& stream);
  bool has_begun_streams(const LiveTarget& live, int task);
  std::vector<Value> finish_streams(Teller& teller, Values&& values);
  Value stream_output(Teller& teller, int output, Values& values);
  void set_stream_outputs(LiveTarget& live, int task, Values&& values, Teller& teller);
  void recompute(LiveTarget& live, int task, const Context& context);
  void fail_streams(LiveTarget& live, int task);
  bool retries_in_place(LiveTarget& live, int task, const std::exception_ptr& why);
  double backoff_seconds(const LiveTarget& live, int task) const;
  bool are_streams_lost(const LiveTarget& live, int task);
  void tell_followers(LiveTarget& live, int task, Harvest& harvest);
  void release_streams(int target_index);

  // batches: graph_run_batch.cpp
  void join_batch(LiveTarget& live, int task, const Submission& one, Harvest& harvest);
  bool can_join(const Batch& batch, const Request& more) const;
  void submit_batch(Batch* batch, Harvest& harvest);
  void perform_batch(Batch& batch, const Grant& grant);
  void conclude_batch(std::unique_ptr<Batch> batch, Harvest& harvest);
  void hand_over_batches();
  void land(int works);

  // ending
  void end_task(LiveTarget& live, int task, Harvest& harvest);
  void settle(Harvest& harvest);
  void drop_inputs(LiveTarget& live, int task);

  /// Whether somebody listens to such events.
  bool is_heard(Event::What what) const {
    return options_.observer && options_.observer->wants(what);
  }
  void notify(Event event, const LiveTarget& live, int task);
  /// Whether streams outlive the run.
  bool keeps_streams() const { return options_.store && options_.store->streams() != nullptr; }
  double elapsed() const { return pool_.now() - began_; }

  const Wiring wiring_;
  const RunOptions options_;
  Pool& pool_;
  const int number_;
  const bool pretends_;
  const bool saves_;
  const std::shared_ptr<StreamHub> hub_;  ///< null if it pretends
  const std::string nonce_;               ///< no other run has it; empty without streams
  const double began_;

  std::stop_source stop_;
  std::atomic<int> in_flight_ = 0;  ///< works that wait, run, or will be tried again; if there are batches
  std::exception_ptr source_failure_;  ///< written before is_fed_, read after is_closed_
  std::function<void()> tell_closed_;
  std::mutex notify_mutex_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  int live_count_ = 0;
  int waiting_for_room_ = 0;
  int next_index_ = 0;            ///< used by `admit` only, as is the next
  std::set<int> sparse_indices_;  ///< indices that came before their turn
  bool is_fed_ = false;
  bool is_closed_ = false;
  std::map<int, EndedTarget> ended_;  ///< by target index
  std::vector<std::unique_ptr<LiveTarget>> spare_;  ///< to be used again
  std::set<const LiveTask*> loading_;
  std::map<int, std::vector<Key>> begun_;  ///< streams by target index, until they are released
  /// Attempts with a timeout.
  struct Timed {
    std::stop_source stop;
    double due;
  };
  std::map<std::pair<const LiveTarget*, int>, Timed> timed_;
  std::set<std::pair<const LiveTarget*, int>> timed_out_;
  std::map<ErrorKind, int> retries_;
  std::map<std::pair<const Task*, std::string>, std::unique_ptr<Batch>> batches_;
  std::vector<std::unique_ptr<Batch>> full_;  ///< closed because another member would not fit
};

}  // namespace foldstream
