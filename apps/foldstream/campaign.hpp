// Campaign: one workflow over the targets of a file, from the command line to the results folder.
#pragma once

#include "campaign_options.hpp"
#include "progress.hpp"
#include "ranks.hpp"
#include "run_status.hpp"
#include "targets.hpp"
#include "trace.hpp"

#include <foldstream/accounting.hpp>
#include <foldstream/executor.hpp>
#include <foldstream/io/run_store.hpp>
#include <foldstream/workflows/definition.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace foldstream::apps {

/// Hears all events: shows progress, records the trace, counts for the status. Calls come one at a time.
class CampaignObserver final : public Observer {
 public:
  CampaignObserver(const Plan& plan, const Graph& graph, bool is_terminal, RunStatus start)
      : progress(plan, is_terminal), accounting(graph), counter_(std::move(start)) {}
  void notify(const Event& event) override {
    progress.notify(event);
    trace.notify(event);
    accounting.notify(event);
    const std::scoped_lock lock(mutex_);
    counter_.notify(event);
    fraction_ = progress.fraction();
  }
  /// From any thread. @param seconds  since the run began
  RunStatus status(double seconds) const {
    const std::scoped_lock lock(mutex_);
    return counter_.status(seconds, fraction_);
  }
  /// Once the run has ended.
  void recount(const std::vector<TargetOutcome>& outcomes) {
    const std::scoped_lock lock(mutex_);
    counter_.recount(outcomes);
    fraction_ = 1;
  }

  Progress progress;
  Trace trace;
  Accounting accounting;

 private:
  mutable std::mutex mutex_;
  StatusCounter counter_;
  double fraction_ = 0;
};

/// A finished campaign, to be written down.
struct CampaignResult {
  const CampaignOptions& options;
  const workflows::Definition& definition;
  const workflows::Workflow& workflow;
  const Targets& targets;
  Run run;
  std::vector<TargetOutcome> outcomes;  ///< of the targets that ended
  double seconds = 0;
  int ranks = 1;
  Efficiency efficiency;
  bool was_interrupted = false;
  std::vector<Life> lives;  ///< all attempts, this one included
  std::map<std::string, std::string> energy;  ///< of this attempt, with a "summary"
};

/// Runs it; gives the exit code. Collective where there are several ranks.
int run_campaign(CampaignOptions options);

}  // namespace foldstream::apps
