// VirtualExecutor: runs graphs on a clock that does not tick, to rehearse a campaign in no time.
#pragma once

#include <foldstream/executor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace foldstream {

/// A clock that jumps to the next thing that is due. Not thread-safe.
class VirtualClock {
 public:
  double now() const noexcept { return now_; }
  /// `what` is called when it is `seconds` later; those of one time in the order they came.
  void after(double seconds, std::function<void()> what);
  /// Jumps to what is due next and does it. @returns false if nothing is.
  bool step();

 private:
  struct Due {
    double at;
    std::uint64_t number;
    std::function<void()> what;
  };
  static bool is_later(const Due& a, const Due& b) {
    return a.at != b.at ? a.at > b.at : a.number > b.number;
  }

  double now_ = 0;
  std::uint64_t count_ = 0;
  std::vector<Due> due_;  ///< a heap
};

struct VirtualOptions {
  Capacity capacity = {};
  /// Bodies are not called: there are no values, conditions are met, and a list has one element.
  /// Otherwise they are, and no time passes but what their tasks are estimated to take.
  bool pretends = true;
  std::uint64_t disorder = 0;  ///< as in ThreadExecutorOptions; also the durations vary
};

/// One machine on a virtual clock, which several may share: the scheduler of ThreadExecutor, with
/// pretended threads, memory and devices. Not thread-safe.
class VirtualMachine {
 public:
  VirtualMachine(std::shared_ptr<VirtualClock> clock, const Graph& graph, VirtualOptions options,
                 RunOptions run_options = {});

  /// Begins a target now. @throws as a source of targets does in `Executor::run_source`.
  void admit(Target target);
  /// There will be no more; `failure` is why, if not because all were admitted.
  void close(std::exception_ptr failure = nullptr);
  /// Targets that were admitted and have not ended.
  int live() const;
  /// Its run; to be waited for only when the clock has nothing more to do.
  Run run() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// Runs a graph to its end before `run_source` returns, in the calling thread.
class VirtualExecutor final : public Executor {
 public:
  explicit VirtualExecutor(VirtualOptions options = {}) : options_(std::move(options)) {}

  Run run_source(const Graph& graph, TargetSource source, RunOptions options) override;
  /// When the last run ended, seconds since it began.
  double makespan() const noexcept { return makespan_; }

 private:
  VirtualOptions options_;
  double makespan_ = 0;
};

}  // namespace foldstream
