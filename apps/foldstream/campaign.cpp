#include "campaign.hpp"

#include "allowance.hpp"
#include "campaign_files.hpp"
#include "campaign_run.hpp"
#include "commands.hpp"
#include "costs.hpp"
#include "joint_status.hpp"
#include "offline.hpp"
#include "results_folder.hpp"

#include <foldstream/io/text_file.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>
#include <utility>

namespace foldstream::apps {
namespace {

using Clock = std::chrono::steady_clock;

int exit_code(const CampaignResult& result) {
  std::size_t good = 0;
  for (const TargetOutcome& target : result.outcomes) good += target.is_good() ? 1 : 0;
  const std::size_t all = result.targets.good.size() + result.targets.refused.size();
  if (result.was_interrupted) return drained;
  if (good == all) return all_done;
  return good == 0 ? all_failed : some_failed;
}

/// Of a job that did a part of the campaign, however small.
int exit_code_of_part(const CampaignResult& result) {
  if (result.was_interrupted) return drained;
  return std::ranges::all_of(result.outcomes, &TargetOutcome::is_good) ? all_done : some_failed;
}

/// Only the first rank makes the folder, so that the others find it whole.
void claim_folder(const CampaignOptions& options, const Ranks& ranks) {
  if (ranks.rank() == 0) {
    claim_results_folder(options.out, options.input);
    if (!options.is_shared) remove_rank_files(options.out / "ranks");
    CampaignCommand command{
        std::filesystem::current_path(),
        {"run", options.workflow, std::filesystem::absolute(options.input).string()}};
    command.words.insert(command.words.end(), options.words.begin(), options.words.end());
    write_command(options.out, command);
  }
  const auto give_up = Clock::now() + std::chrono::seconds(30);
  while (!std::filesystem::exists(options.out / "input.json")) {
    if (Clock::now() > give_up)
      throw Error(ErrorKind::Io, "rank " + std::to_string(ranks.rank()) + " does not see " +
                                     options.out.string() +
                                     ". The results folder must be on a shared file system.");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// Those of this rank that can be trusted, if the workflow has a use for any.
std::vector<Device> trusted_devices(const Graph& graph, const Seat& seat) {
  const auto wants = [](const auto& task) { return !task->needs.device.empty(); };
  if (std::ranges::none_of(graph.tasks(), wants)) return {};
  std::vector<Device> trusted;
  for (const Device& device : own_devices(workflows::predict::accelerators(), seat)) {
    const std::string fault = workflows::predict::device_fault(device.name);
    if (fault.empty())
      trusted.push_back(device);
    else
      fmt::print(stderr, "{} is not used: {}\n", device.name, fault);
  }
  return trusted;
}

/// The first kind of device that any rank has: "auto" must mean the same on nodes that differ.
/// Empty, and no driver is asked, for a workflow that uses none.
std::string device_of_any(const Ranks& ranks, const CampaignOptions& options) {
  workflows::Definition definition = workflows::read_definition(options.workflow);
  if (set_default(definition, workflows::Catalog::packaged(), {"device", "auto", {}}) == 0) return {};
  if (!options.device_plugin.empty())
    workflows::predict::load_device_plugin(options.device_plugin);
  const std::vector<Device> own = workflows::predict::accelerators();
  for (const std::string& kind : ranks.gather(own.empty() ? "" : own.front().kind))
    if (!kind.empty()) return kind;
  return {};
}

RankOptions rank_options(const PreparedCampaign& campaign, const Ranks& ranks) {
  const CampaignOptions& options = campaign.options;
  auto roles = parse_roles(options.roles, ranks.size(), campaign.workflow.graph);
  RankOptions chosen{options.threads, static_cast<std::uint64_t>(options.memory_gb * 1e9),
                     roles[ranks.rank()], options.run_ahead,
                     trusted_devices(campaign.workflow.graph, ranks.seat())};
  // MPI goes on using the network, on threads of its own
  if (options.is_offline && ranks.size() > 1)
    chosen.on_thread = [] { forbid_network(NetworkScope::thread); };
  apply_quota(options, ranks, chosen);
  return chosen;
}

void print_lost(const std::vector<int>& ranks) {
  for (const int rank : ranks)
    fmt::print(stderr, "rank {} was lost; the others did its work\n", rank);
}

void print_refusals(const Targets& targets) {
  for (const Refusal& refusal : targets.refused)
    fmt::print(stderr, "{}: refused: {}\n", refusal.name, refusal.message);
}

/// Writes down what came of the campaign.
void conclude(const PreparedCampaign& campaign, CampaignResult& result, io::RunStore& store,
              const Trace& trace) {
  store.refresh();
  const workflows::report::Report report = make_report(result);
  write_campaign_files(result, report, store, trace);
  write_costs(campaign.options.out, *campaign.costs);
  print_summary(result, report);
}

/// After the own part of a shared campaign: the last job to end looks all targets up, computes what
/// is missing, and writes the report. @returns the exit code.
int conclude_shared(const PreparedCampaign& campaign, const Ranks& ranks, RankFiles& files,
                    const RankOptions& allowed, CampaignResult& own, Leases& leases,
                    const std::shared_ptr<io::RunStore>& store, const CampaignObserver& observer) {
  io::write_file_atomically(leases.folder() / "trace.json", observer.trace.json());
  if (own.was_interrupted) return drained;
  if (leases.has_company() || !leases.begin_report()) {
    fmt::print(
        stderr,
        "this job's part is done: {} targets; other jobs go on, the last one writes the report\n",
        own.outcomes.size());
    return exit_code_of_part(own);
  }
  store->refresh();
  Course course = whole_course(campaign, leases.failed());
  course.kept_bytes = campaign.kept_bytes({});
  RunStatus start = first_status(campaign, ranks, campaign.options.out);
  start.lives = joint_lives(campaign.options.out);
  for (const Life& life : start.lives) start.began_at = std::min(start.began_at, life.began_at);
  const auto hears =
      std::make_shared<CampaignObserver>(campaign.plan(), campaign.workflow.graph, false, start);
  const auto executor = make_thread_executor(allowed);
  CampaignResult all = execute(campaign, course, ranks, files, *executor, store, hears);
  all.seconds = static_cast<double>(std::time(nullptr) - start.began_at);
  all.lives = start.lives;
  all.energy = own.energy;
  RunStatus last = read_status(campaign.options.out);
  add_efforts(campaign.options.out, last);
  last.lives = start.lives;
  write_status(campaign.options.out, last);
  all.efficiency = own.efficiency;
  store->close();
  conclude(campaign, all, *store, observer.trace);
  leases.end_report();
  return exit_code(all);
}

}  // namespace

int run_campaign(CampaignOptions options) {
  const Ranks ranks;
  if (options.is_offline && ranks.size() == 1) forbid_network(NetworkScope::process);
  if (ranks.size() > 1) options.device_found = device_of_any(ranks, options);
  const PreparedCampaign campaign(options);
  if (ranks.rank() == 0) print_refusals(campaign.targets);
  claim_folder(options, ranks);
  const std::optional<int> job = join_folder(options, ranks);
  const int rank = store_rank(ranks, job);
  const auto store = std::make_shared<io::RunStore>(options.out, rank, [](const auto& damage) {
    fmt::print(stderr, "damaged: {}\n", to_string(damage));
  });
  RankFiles files(options, rank, ranks.seat());
  Course course = job ? shared_course(campaign, *job, store) : whole_course(campaign, {});
  course.quota = target_quota();
  if (job && ranks.rank() == 0 && !course.leases->has_company()) course.leases->reopen_failed();
  const RankOptions allowed = rank_options(campaign, ranks);
  course.kept_bytes = campaign.kept_bytes(allowed.roles);
  const auto observer = std::make_shared<CampaignObserver>(
      campaign.plan(), campaign.workflow.graph, isatty(STDERR_FILENO) == 1,
      agreed_status(campaign, ranks, course.status_folder, allowed.devices.size()));
  // by the first rank that has them: others of the node may share them
  if (!allowed.devices.empty() &&
      ranks.seat().number < static_cast<int>(workflows::predict::accelerators().size()))
    files.meter(allowed.devices);
  const auto executor = ranks.make_executor(allowed);
  CampaignResult result = execute(campaign, course, ranks, files, *executor, store, observer);
  if (!ranks.leads(*executor)) return job ? exit_code_of_part(result) : exit_code(result);
  print_lost(ranks.lost(*executor));
  audit(campaign, result);
  if (job)
    return conclude_shared(campaign, ranks, files, allowed, result, *course.leases, store,
                           *observer);
  store->close();
  conclude(campaign, result, *store, observer->trace);
  return exit_code(result);
}

void add_fold(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("fold", "Fold the sequences of a FASTA file (workflow 'fold')");
  const auto options = std::make_shared<CampaignOptions>();
  command->add_option("--workflow", options->workflow, "packaged workflow, or a YAML file")
      ->capture_default_str();
  add_campaign_options(*command, *options);
  command->footer(
      "Results: OUT/targets/NAME/, OUT/report.html, OUT/run.h5, OUT/failures.tsv.\n"
      "Exit codes: 0 all done, 2 bad usage or input, 3 some targets failed, 4 all failed,\n"
      "75 stopped: run the same command to go on.\n\n"
      "Examples:\n"
      "  foldstream fold my.fasta --database uniref.fsdb\n"
      "  foldstream fold my.fasta --msa my.a3m --models 3 --seed 7 --out my-results\n"
      "  mpirun -n 4 foldstream fold many.fasta --database uniref.fsdb");
  command->callback([&action, options, command] {
    options->words = campaign_words(std::as_const(*command).get_options());
    action = [options] { return run_campaign(*options); };
  });
}

void add_run(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("run", "Run a workflow on the sequences of a FASTA file");
  const auto options = std::make_shared<CampaignOptions>();
  command->add_option("WORKFLOW", options->workflow, "packaged workflow, or a YAML file")
      ->required();
  add_campaign_options(*command, *options);
  command->footer(
      "Examples:\n  foldstream list fold > my.yaml\n"
      "  foldstream run my.yaml my.fasta --database uniref.fsdb");
  command->callback([&action, options, command] {
    options->words = campaign_words(std::as_const(*command).get_options());
    action = [options] { return run_campaign(*options); };
  });
}

}  // namespace foldstream::apps
