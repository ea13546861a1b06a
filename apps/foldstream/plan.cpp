#include <foldstream/plan.hpp>

#include "campaign_options.hpp"
#include "commands.hpp"
#include "progress.hpp"
#include "targets.hpp"

#include <foldstream/thread_executor.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace foldstream::apps {
namespace {

std::string gigabytes(std::uint64_t bytes) {
  return fmt::format("{:.2f}", static_cast<double>(bytes) / 1e9);
}

void print_plan(const Plan& plan, int threads) {
  fmt::print("{:<20} {:<10} {:>12} {:>10}\n", "target", "task", "CPU time", "memory GB");
  for (const PlannedTarget& target : plan.targets)
    for (const PlannedTask& task : target.tasks)
      fmt::print("{:<20} {:<10} {:>12} {:>10}\n", target.name, task.task,
                 clock_text(task.cost.seconds), gigabytes(task.cost.bytes));
  fmt::print("\n{} targets: {} of CPU time; on {} threads about {}, at most {} GB at once\n",
             plan.targets.size(), clock_text(plan.seconds), threads,
             clock_text(plan.makespan_seconds), gigabytes(plan.peak_bytes));
  fmt::print("estimates; nothing was run\n");
}

nlohmann::json plan_json(const Plan& plan, int threads) {
  nlohmann::json targets = nlohmann::json::array();
  for (const PlannedTarget& target : plan.targets) {
    nlohmann::json tasks = nlohmann::json::array();
    for (const PlannedTask& task : target.tasks)
      tasks.push_back(
          {{"task", task.task}, {"seconds", task.cost.seconds}, {"bytes", task.cost.bytes}});
    targets.push_back({{"name", target.name}, {"tasks", tasks}});
  }
  return {{"targets", targets},
          {"threads", threads},
          {"cpu_seconds", plan.seconds},
          {"makespan_seconds", plan.makespan_seconds},
          {"peak_bytes", plan.peak_bytes}};
}

int plan(const CampaignOptions& options, bool is_dot) {
  const workflows::Catalog catalog = workflows::Catalog::packaged();
  const workflows::Definition definition = define(options, catalog);
  const workflows::Workflow workflow = workflows::build(definition, catalog);
  if (is_dot) {
    fmt::print("{}", to_dot(workflow.graph));
    return all_done;
  }
  const Targets targets = read_targets(options);
  check_has_homologs(targets, options);
  std::vector<PlanTarget> sizes;
  for (const InputTarget& target : targets.good)
    sizes.push_back(make_plan_target(target, search_tasks(definition)));
  const int threads = options.threads == 0 ? usable_threads() : options.threads;
  const Plan made = make_plan(workflow.graph, sizes, threads);
  if (options.json)
    fmt::print("{}\n", plan_json(made, threads).dump(2));
  else
    print_plan(made, threads);
  for (const Refusal& refusal : targets.refused)
    fmt::print(stderr, "{}: refused: {}\n", refusal.name, refusal.message);
  if (targets.good.empty()) return bad_input;
  return targets.refused.empty() ? all_done : some_failed;
}

}  // namespace

void add_plan(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("plan", "Say which tasks a campaign has, and what they need; runs nothing");
  const auto options = std::make_shared<CampaignOptions>();
  const auto is_dot = std::make_shared<bool>(false);
  command->add_option("--workflow", options->workflow, "packaged workflow, or a YAML file")
      ->capture_default_str();
  add_campaign_options(*command, *options);
  command->add_flag("--dot", *is_dot, "print the graph in Graphviz' language instead");
  command->footer(
      "Examples:\n  foldstream plan many.fasta --database uniref.fsdb\n"
      "  foldstream plan my.fasta --msa my.a3m --dot | dot -Tsvg > graph.svg");
  command->callback([&action, options, is_dot] {
    action = [options, is_dot] { return plan(*options, *is_dot); };
  });
}

}  // namespace foldstream::apps
