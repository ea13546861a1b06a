#include "prepared_campaign.hpp"

#include "costs.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace foldstream::apps {

PreparedCampaign::PreparedCampaign(const CampaignOptions& given)
    : options(given),
      catalog(workflows::Catalog::packaged()),
      definition(define(given, catalog)),
      targets(read_targets(given, definition)) {
  if (targets.good.empty() && !options.shard.empty() && targets.refused.empty())
    throw Error(ErrorKind::InvalidArgument,
                "--shard " + options.shard + ": none of the targets is in this part.");
  if (targets.good.empty()) {
    std::string message = options.input.string() + ": no sequence can be folded.";
    for (const Refusal& refusal : targets.refused)
      message += "\n  " + refusal.name + ": " + refusal.message;
    throw Error(ErrorKind::InvalidArgument, message);
  }
  check_has_homologs(targets, options, definition);
  workflow = workflows::build(definition, catalog);
  costs = read_costs(options.out);
  sort_longest_first();
}

Plan PreparedCampaign::plan() const {
  std::vector<PlanTarget> sizes;
  const std::vector<std::string> searches = search_tasks(definition);
  for (const InputTarget& target : targets.good)
    sizes.push_back(make_plan_target(target, searches));
  return make_plan(workflow.graph, sizes, 1, costs.get());
}

std::uint64_t PreparedCampaign::kept_bytes(const std::vector<std::string>& roles) const {
  // weights are the same for all targets; the first is the longest
  const Plan plan = make_plan(workflow.graph,
                              {make_plan_target(targets.good.front(), search_tasks(definition))}, 1);
  std::uint64_t bytes = 0;
  for (const PlannedTask& planned : plan.targets.front().tasks) {
    const auto& tasks = workflow.graph.tasks();
    const auto task =
        std::ranges::find_if(tasks, [&](const auto& task) { return task->name == planned.task; });
    const bool is_own = roles.empty() || (*task)->role.empty() ||
                        std::ranges::find(roles, (*task)->role) != roles.end();
    if (is_own) bytes += planned.cost.kept_bytes;
  }
  return bytes;
}

/// So that no long target is left for the end, when other threads and ranks have nothing to do.
/// All ranks find the same order: the estimates are not corrected.
void PreparedCampaign::sort_longest_first() {
  std::vector<std::pair<double, InputTarget>> timed;
  const std::vector<std::string> searches = search_tasks(definition);
  for (InputTarget& target : targets.good) {
    const PlanTarget size = make_plan_target(target, searches);
    timed.emplace_back(make_plan(workflow.graph, {size}, 1).seconds, std::move(target));
  }
  std::ranges::stable_sort(timed, std::greater(), &std::pair<double, InputTarget>::first);
  for (std::size_t i = 0; i < timed.size(); ++i) targets.good[i] = std::move(timed[i].second);
}

Target PreparedCampaign::target(std::size_t position, int index) const {
  return make_target(targets.good[position], workflow, search_tasks(definition), index);
}

}  // namespace foldstream::apps
