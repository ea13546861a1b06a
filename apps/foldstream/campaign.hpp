// Campaign: one workflow over the targets of a file, from the command line to the results folder.
#pragma once

#include "campaign_options.hpp"
#include "progress.hpp"
#include "ranks.hpp"
#include "targets.hpp"
#include "trace.hpp"

#include <foldstream/accounting.hpp>
#include <foldstream/executor.hpp>
#include <foldstream/io/run_store.hpp>
#include <foldstream/workflows/definition.hpp>

#include <memory>
#include <string>
#include <vector>

namespace foldstream::apps {

/// Hears all events: shows progress, records the trace. Calls come one at a time.
class CampaignObserver final : public Observer {
 public:
  CampaignObserver(const Plan& plan, const Graph& graph, bool is_terminal)
      : progress(plan, is_terminal), accounting(graph) {}
  void notify(const Event& event) override {
    progress.notify(event);
    trace.notify(event);
    accounting.notify(event);
  }

  Progress progress;
  Trace trace;
  Accounting accounting;
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
};

/// Runs it; gives the exit code. Collective where there are several ranks.
int run_campaign(const CampaignOptions& options);

}  // namespace foldstream::apps
