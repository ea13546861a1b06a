#include <foldstream/plan.hpp>

#include "campaign_options.hpp"
#include "commands.hpp"
#include "costs.hpp"
#include "plan_need.hpp"
#include "progress.hpp"
#include "rank_files.hpp"
#include "rehearse.hpp"
#include "run_status.hpp"
#include "targets.hpp"

#include <foldstream/io/text_file.hpp>
#include <foldstream/thread_executor.hpp>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <sstream>

namespace foldstream::apps {
namespace {

/// Rows of a table, at most.
constexpr std::size_t most_rows = 200;

std::string gigabytes(std::uint64_t bytes) {
  return fmt::format("{:.2f}", static_cast<double>(bytes) / 1e9);
}

/// What `plan` takes besides the options of a campaign.
struct PlanOptions {
  CampaignOptions campaign = {};
  std::filesystem::path lengths = {};  ///< in place of sequences
  int ranks = 1;
  int devices = 0;  ///< of all ranks
  double device_gb = 80;
  std::uint64_t own_bytes = 0;  ///< of this program, on each rank
  bool is_dot = false;
  bool is_mermaid = false;
};

/// Targets from lines "LENGTH [COUNT]", for campaigns that are only guessed yet.
std::vector<PlanTarget> read_lengths(const std::filesystem::path& path) {
  std::vector<PlanTarget> targets;
  std::istringstream in(io::read_text_file(path));
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::istringstream words(line.substr(0, line.find('#')));
    double length = 0, count = 1;
    if ((words >> std::ws).eof()) continue;
    words >> length;
    if (!words.eof() && !(words >> std::ws).eof()) words >> count;
    if (words.fail() || length < 1 || count < 0 || count > 1e7)
      throw Error(ErrorKind::Parse, fmt::format("{}:{}: expected LENGTH [COUNT], found '{}'.",
                                                path.string(), number, line));
    for (int i = 0; i < static_cast<int>(count); ++i)
      targets.push_back({fmt::format("length_{:.0f}", length),
                         {{"length", length}, {"rows", expected_rows}},
                         {}});
  }
  if (targets.empty())
    throw Error(ErrorKind::Parse, path.string() + ": no lengths. Write LENGTH [COUNT] on each line.");
  return targets;
}

Machines machines_of(const PlanOptions& options) {
  Machines machines{options.ranks, {}};
  machines.capacity.threads =
      options.campaign.threads == 0 ? usable_threads() : options.campaign.threads;
  machines.capacity.memory_bytes = static_cast<std::uint64_t>(options.campaign.memory_gb * 1e9);
  const int devices = (options.devices + options.ranks - 1) / options.ranks;
  for (int i = 0; i < devices; ++i)
    machines.capacity.devices.push_back({"cuda", fmt::format("cuda:{}", i),
                                         static_cast<std::uint64_t>(options.device_gb * 1e9)});
  machines.capacity.model_threads = std::max(1, devices);
  return machines;
}

/// Of the targets, if each had all the threads of a rank.
double longest_chain(const Plan& plan) {
  double longest = 0;
  for (const PlannedTarget& target : plan.targets)
    longest = std::max(longest, target.critical_seconds);
  return longest;
}

double least_seconds(const Plan& plan, const Efficiency& time) {
  return std::max(longest_chain(plan), plan.seconds / time.threads);
}

void print_plan(const Plan& plan, const Rehearsed& rehearsed, const PlanOptions& options) {
  fmt::print("{:<20} {:<10} {:>12} {:>10}\n", "target", "task", "CPU time", "memory GB");
  for (std::size_t i = 0; i < std::min(most_rows, plan.targets.size()); ++i)
    for (const PlannedTask& task : plan.targets[i].tasks)
      fmt::print("{:<20} {:<10} {:>12} {:>10}\n", plan.targets[i].name, task.task,
                 clock_text(task.cost.seconds), gigabytes(task.cost.bytes));
  if (plan.targets.size() > most_rows)
    fmt::print("… and {} more targets\n", plan.targets.size() - most_rows);
  const Efficiency& time = rehearsed.efficiency;
  const int threads = time.threads / options.ranks;
  if (rehearsed.failed.size() == plan.targets.size())
    return fmt::print("\nnone of the {} targets can ever run there; nothing was run\n",
                      plan.targets.size());
  fmt::print("\n{} targets: {} of CPU time; at most {} GB at once on a rank\n", plan.targets.size(),
             clock_text(plan.seconds), gigabytes(plan.peak_bytes + options.own_bytes));
  if (plan.kept_bytes > 0)
    fmt::print("of these, {} GB are weights that stay in memory\n", gigabytes(plan.kept_bytes));
  fmt::print("on {} rank{} of {} thread{}: {} (at least {}; longest chain {})\n", options.ranks,
             options.ranks == 1 ? "" : "s", threads, threads == 1 ? "" : "s",
             clock_text(time.makespan), clock_text(least_seconds(plan, time)),
             clock_text(longest_chain(plan)));
  for (const auto& [cause, seconds] : time.idle)
    if (seconds > 0.01 * time.makespan * time.threads)
      fmt::print("threads idle: {:.0f} % ({})\n",
                 100 * seconds / (time.makespan * time.threads), cause);
  fmt::print("estimates; nothing was run\n");
}

nlohmann::json plan_json(const Plan& plan, const Rehearsed& rehearsed, const PlanOptions& options) {
  nlohmann::json targets = nlohmann::json::array();
  for (const PlannedTarget& target : plan.targets) {
    nlohmann::json tasks = nlohmann::json::array();
    for (const PlannedTask& task : target.tasks)
      tasks.push_back(
          {{"task", task.task}, {"seconds", task.cost.seconds}, {"bytes", task.cost.bytes}});
    targets.push_back({{"name", target.name},
                       {"tasks", tasks},
                       {"critical_seconds", target.critical_seconds},
                       {"peak_bytes", target.peak_bytes}});
  }
  const Efficiency& time = rehearsed.efficiency;
  return {{"targets", targets},
          {"ranks", options.ranks},
          {"threads", time.threads},
          {"cpu_seconds", plan.seconds},
          {"makespan_seconds", time.makespan},
          {"lower_bound_seconds", least_seconds(plan, time)},
          {"critical_path_seconds", longest_chain(plan)},
          {"idle_thread_seconds", time.idle},
          {"kept_bytes", plan.kept_bytes},
          {"peak_bytes", plan.peak_bytes + options.own_bytes}};
}

/// Tells what can never run there. @returns how many targets that are.
std::size_t print_misfits(const Rehearsed& rehearsed) {
  for (std::size_t i = 0; i < std::min(most_rows, rehearsed.failed.size()); ++i)
    fmt::print(stderr, "{}: can never run: {}\n", rehearsed.failed[i].name,
               rehearsed.failed[i].worst().message);
  return rehearsed.failed.size();
}

struct PlanInput {
  std::vector<PlanTarget> sizes;
  std::vector<Refusal> refused;
};

PlanInput read_input(const PlanOptions& options, const workflows::Definition& definition) {
  if (!options.lengths.empty()) return {read_lengths(options.lengths), {}};
  const Targets targets = read_targets(options.campaign, definition);
  check_has_homologs(targets, options.campaign, definition);
  PlanInput input{{}, targets.refused};
  for (const InputTarget& target : targets.good)
    input.sizes.push_back(make_plan_target(target, search_tasks(definition)));
  return input;
}

/// "auto" stands for the devices that are planned for, not for those of this machine.
void assume_devices(PlanOptions& options) {
  if (options.devices > 0) options.campaign.device_found = "cuda";
}

/// A campaign as it would be on those machines.
struct Prepared {
  PlanInput input;
  Plan plan;
  Machines machines;
  std::shared_ptr<CostBook> costs;
};

Prepared prepare(const PlanOptions& options, const workflows::Definition& definition,
                 const Graph& graph) {
  Prepared prepared{read_input(options, definition), {}, machines_of(options),
                    read_costs(options.campaign.out)};
  prepared.plan = make_plan(graph, prepared.input.sizes, prepared.machines.capacity.threads,
                            prepared.costs.get());
  prepared.machines.kept_bytes = prepared.plan.kept_bytes;
  return prepared;
}

int plan(PlanOptions options) {
  options.own_bytes = own_peak_bytes();  // libraries, above all: nothing was read yet
  assume_devices(options);
  const workflows::Catalog catalog = workflows::Catalog::packaged();
  const workflows::Definition definition = define(options.campaign, catalog);
  const workflows::Workflow workflow = workflows::build(definition, catalog);
  if (options.campaign.input.empty() && options.lengths.empty()) {
    if (!options.is_dot && !options.is_mermaid)
      throw Error(ErrorKind::InvalidArgument, "give a FASTA file, or --lengths FILE.");
    fmt::print("{}", options.is_dot ? to_dot(workflow.graph) : to_mermaid(workflow.graph));
    return all_done;
  }
  const auto [input, made, machines, costs] = prepare(options, definition, workflow.graph);
  if (options.is_dot || options.is_mermaid) {
    fmt::print("{}", options.is_dot ? to_dot(workflow.graph, &made) : to_mermaid(workflow.graph, &made));
    return all_done;
  }
  const Rehearsed rehearsed = rehearse(workflow.graph, input.sizes, machines, costs);
  if (options.campaign.json)
    fmt::print("{}\n", plan_json(made, rehearsed, options).dump(2));
  else
    print_plan(made, rehearsed, options);
  for (const Refusal& refusal : input.refused)
    fmt::print(stderr, "{}: refused: {}\n", refusal.name, refusal.message);
  const std::size_t misfits = print_misfits(rehearsed);
  if (misfits == input.sizes.size()) return bad_input;
  return input.refused.empty() && misfits == 0 ? all_done : some_failed;
}

/// No less than this passes where tasks with a use for a device have some ranks and all others have
/// the rest; close to it where there are many targets, for then all are busy.
double seconds_of_busier(const Graph& graph, const Plan& plan, int threads,
                         const PlannedRanks& ranks) {
  std::set<std::string> wanting;
  for (const auto& task : graph.tasks())
    if (!task->needs.device.empty()) wanting.insert(task->name);
  double with_device = 0, others = 0;
  for (const PlannedTarget& target : plan.targets)
    for (const PlannedTask& planned : target.tasks)
      (wanting.contains(planned.task) ? with_device : others) += planned.cost.seconds;
  return std::max({longest_chain(plan), with_device / std::max(1, ranks.devices),
                   others / (threads * ranks.cpu_ranks)});
}

/// Roles with a use for a device on the first ranks, all others on the last.
/// @throws Error{InvalidArgument} if no task, or every task, has a use for one.
std::string roles_by_device(const Graph& graph, const std::string& workflow,
                            const PlannedRanks& ranks) {
  std::vector<std::string> with_device, others;
  const auto add = [](std::vector<std::string>& roles, const std::string& role) {
    if (!role.empty() && std::ranges::find(roles, role) == roles.end()) roles.push_back(role);
  };
  for (const auto& task : graph.tasks())
    if (!task->needs.device.empty()) add(with_device, task->role);
  for (const auto& task : graph.tasks())
    if (std::ranges::find(with_device, task->role) == with_device.end()) add(others, task->role);
  if (with_device.empty() || others.empty())
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("--cpu-nodes: {} task of workflow '{}' has a use for a device here. Say "
                            "what each rank does, {} ranks with devices first: --roles.",
                            with_device.empty() ? "no" : "every", workflow, ranks.ranks));
  return fmt::format("0-{}:{},{}-{}:{}", ranks.ranks - 1, fmt::join(with_device, "+"), ranks.ranks,
                     ranks.ranks + ranks.cpu_ranks - 1, fmt::join(others, "+"));
}

}  // namespace

PlanNeed plan_need(const CampaignOptions& campaign, const PlannedRanks& ranks) {
  const std::uint64_t own_bytes = own_peak_bytes();
  PlanOptions options;
  options.campaign = campaign;
  options.ranks = ranks.ranks + (ranks.devices == 0 ? ranks.cpu_ranks : 0);
  options.devices = ranks.devices;
  assume_devices(options);
  const workflows::Catalog catalog = workflows::Catalog::packaged();
  const workflows::Definition definition = define(options.campaign, catalog);
  const workflows::Workflow workflow = workflows::build(definition, catalog);
  const auto [input, made, machines, costs] = prepare(options, definition, workflow.graph);
  const Rehearsed rehearsed = rehearse(workflow.graph, input.sizes, machines, costs);
  if (!input.sizes.empty() && rehearsed.failed.size() == input.sizes.size())
    throw Error(ErrorKind::Resources, rehearsed.failed.front().name +
                                          ": can never run there: " +
                                          rehearsed.failed.front().worst().message);
  const double seconds = ranks.cpu_ranks == 0 || ranks.devices == 0
                             ? rehearsed.efficiency.makespan
                             : seconds_of_busier(workflow.graph, made, machines.capacity.threads, ranks);
  const bool needs_roles = ranks.cpu_ranks > 0 && campaign.roles.empty();
  return {input.sizes.size(),
          made.peak_bytes + own_bytes,
          seconds,
          made.seconds,
          longest_chain(made),
          machines.capacity.threads,
          needs_roles ? roles_by_device(workflow.graph, campaign.workflow, ranks) : ""};
}

void add_plan(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("plan", "Say which tasks a campaign has, and what they need; runs nothing");
  const auto options = std::make_shared<PlanOptions>();
  command->add_option("--workflow", options->campaign.workflow, "packaged workflow, or a YAML file")
      ->capture_default_str();
  add_campaign_options(*command, options->campaign);
  command->get_option("INPUT")->required(false);
  command->add_option("--lengths", options->lengths,
                      "in place of INPUT: a file of lines LENGTH [COUNT], residues and targets");
  command->add_option("--ranks", options->ranks, "ranks to plan for, each with --threads and --memory")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command->add_option("--devices", options->devices, "accelerators of all ranks together")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  command->add_option("--device-memory", options->device_gb, "GB of each accelerator")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_flag("--dot", options->is_dot, "print the graph in Graphviz' language instead");
  command->add_flag("--mermaid", options->is_mermaid, "print the graph as a Mermaid flowchart instead");
  command->footer(
      "What earlier runs in --out have measured corrects the estimates.\n"
      "Exit codes: 0 all can run, 2 bad usage or nothing can run, 3 some targets never can.\n\n"
      "Examples:\n  foldstream plan many.fasta --database uniref.fsdb --threads 32 --memory 120\n"
      "  foldstream plan --lengths lengths.tsv --database uniref.fsdb --ranks 64 --devices 256\n"
      "  foldstream plan my.fasta --msa my.a3m --dot | dot -Tsvg > graph.svg");
  command->callback([&action, options] { action = [options] { return plan(*options); }; });
}

}  // namespace foldstream::apps
