// ThreadRun: one run of a graph on a ThreadPool.
#pragma once

#include "live_target.hpp"
#include "thread_pool.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>

namespace foldstream {

/// Lives as long as its handle or a task of it. A feeder thread admits targets from the source
/// while few enough are live; the pool runs their tasks as these become ready.
class ThreadRun final : public RunState, public std::enable_shared_from_this<ThreadRun> {
 public:
  ThreadRun(const Graph& graph, TargetSource source, RunOptions options,
            std::shared_ptr<ThreadPool> pool);

  /// Once, right after construction.
  void start();
  /// Cancels, waits, and ends the feeder: the last call.
  void finish();

  void wait() override;
  bool is_finished() const override;
  void cancel() override;
  std::vector<TargetOutcome> outcomes() const override;
  Value value(const std::string& task, const std::string& port, int target_index) override;

 private:
  using Live = std::shared_ptr<LiveTarget>;

  void wait_until_closed();
  void feed();
  std::optional<Target> next_target();
  void admit(Target target);
  void submit_ready(const Live& live, const std::vector<int>& tasks);
  /// Bytes the task will need. @throws Error{Resources} if they are more than there are.
  std::uint64_t checked_bytes(const LiveTarget& live, const Task& task) const;
  void execute(const Live& live, int task, int threads);
  Outcome attempt(const Live& live, int task, int threads);
  Values compute(const Live& live, int task, const Context& context);
  Values gather_inputs(const Live& live, int task, const Context& context);
  Value input_value(const Live& live, int task, const std::string& port, const Context& context);
  /// Makes the outputs of a reused task be in memory: from the store, or computed if it is damaged.
  void load(const Live& live, int task, const Context& context);
  Values stored_or_computed(const Live& live, int task, const Context& context);
  void check_index(int& index);
  Context make_context(const Live& live, int task, int threads);
  /// Into the store, if there is one and the task has a key.
  void save(const Live& live, int task, const Values& values, double seconds);
  void end_task(const Live& live, int task, const Outcome& outcome);
  /// Tells those that wait for `task`; gives the tasks that are ready now.
  std::vector<int> release_dependents(LiveTarget& live, int task);
  void skip_dependents(LiveTarget& live, int failed, const Outcome& cause, std::vector<int>& ended);
  void end_target(const Live& live);
  /// Under the lock, where the run may have ended: tells whoever waits, once.
  void close_if_finished();
  void notify(Event event, const LiveTarget& live, int task);
  double elapsed() const;

  const Graph graph_;
  const std::vector<int> order_;
  std::vector<int> position_;  ///< of each task in order_
  const TargetSource source_;
  const RunOptions options_;
  const std::shared_ptr<ThreadPool> pool_;
  const int number_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();

  std::stop_source stop_;
  std::thread feeder_;
  std::exception_ptr source_failure_;  ///< written before is_fed_, read after is_closed_
  std::mutex notify_mutex_;
  mutable std::mutex mutex_;  ///< guards what follows, and all live targets
  std::condition_variable changed_;
  int live_count_ = 0;
  int next_index_ = 0;            ///< used by the feeder only, as is the next
  std::set<int> sparse_indices_;  ///< indices that came before their turn
  bool is_fed_ = false;
  bool is_closed_ = false;
  std::map<int, Live> ended_;  ///< by target index
};

}  // namespace foldstream
