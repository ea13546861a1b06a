// PreparedCampaign: everything that is known of a campaign before its first task runs.
#pragma once

#include "campaign_options.hpp"
#include "targets.hpp"

#include <foldstream/cost.hpp>
#include <foldstream/plan.hpp>
#include <foldstream/workflows/definition.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace foldstream::apps {

struct PreparedCampaign {
  /// @throws Error for options, a workflow or an input that nothing can be run of.
  explicit PreparedCampaign(const CampaignOptions& given);

  Plan plan() const;
  /// What tasks of these roles (none: of all) keep in memory for all targets, as weights.
  std::uint64_t kept_bytes(const std::vector<std::string>& roles) const;
  /// The target at a position in `targets.good`, as that of this index in a run.
  Target target(std::size_t position, int index) const;

  const CampaignOptions& options;
  workflows::Catalog catalog;
  workflows::Definition definition;
  Targets targets;  ///< those that take long first
  workflows::Workflow workflow;
  std::shared_ptr<CostBook> costs;

 private:
  void sort_longest_first();
};

}  // namespace foldstream::apps
