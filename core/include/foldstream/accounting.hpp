// Accounting: how well a run used its threads, and where the rest of the time went.
#pragma once

#include <foldstream/graph.hpp>
#include <foldstream/observer.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace foldstream {

/// What a run took beside what it could not have taken less than. Seconds; thread-seconds where two
/// threads for a second count twice.
struct Efficiency {
  double makespan = 0;
  int threads = 0;           ///< of all ranks
  double work = 0;           ///< thread-seconds of all tasks
  double critical_path = 0;  ///< the longest chain of tasks of a target, as measured
  double lower_bound = 0;    ///< max(critical path, work / threads)
  double failed_work = 0;    ///< of `work`, that of attempts that failed
  /// Thread-seconds in which threads did nothing, by cause: "memory", "a device" or whatever tasks
  /// waited for; "data", when nothing was ready; "tail", when nothing was left to begin.
  std::map<std::string, double> idle;
};

/// Hears all events of a run. Not thread-safe, as no observer need be.
class Accounting final : public Observer {
 public:
  explicit Accounting(const Graph& graph) : graph_(graph), order_(graph.order()) {}

  void notify(const Event& event) override;

  /// @param threads  of Arena::work, on all ranks together; ≥ 1
  Efficiency efficiency(int threads) const;

 private:
  using TaskId = std::pair<int, std::string>;  ///< target, task
  struct Span {
    double begin;
    double end;
    int threads;
  };
  struct Wait {
    double begin;
    double end;
    std::string what;
  };
  void end(const TaskId& id, const Event& event, bool is_failed);
  void end_target(int target);
  std::map<std::string, double> idle(int threads) const;

  const Graph graph_;
  const std::vector<int> order_;
  std::map<TaskId, Span> running_;
  std::map<TaskId, Wait> waiting_;
  std::vector<Span> spans_;
  std::vector<Wait> waits_;
  std::map<int, std::map<std::string, double>> seconds_;  ///< by live target and task
  double critical_path_ = 0;
  double failed_ = 0;
  double last_ = 0;
};

}  // namespace foldstream
