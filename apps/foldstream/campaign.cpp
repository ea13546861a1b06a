#include "campaign.hpp"

#include "campaign_files.hpp"
#include "commands.hpp"
#include "costs.hpp"
#include "interrupt.hpp"
#include "joint_status.hpp"
#include "lease_files.hpp"
#include "leases.hpp"
#include "energy.hpp"
#include "offline.hpp"
#include "rank_files.hpp"
#include "results_folder.hpp"
#include "site.hpp"
#include "target_quota.hpp"

#include <foldstream/io/text_file.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <thread>
#include <utility>

namespace foldstream::apps {
namespace {

using Clock = std::chrono::steady_clock;

/// Everything that is known before the first task runs.
struct Campaign {
  explicit Campaign(const CampaignOptions& given)
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

  Plan plan() const {
    std::vector<PlanTarget> sizes;
    const std::vector<std::string> searches = search_tasks(definition);
    for (const InputTarget& target : targets.good)
      sizes.push_back(make_plan_target(target, searches));
    return make_plan(workflow.graph, sizes, 1, costs.get());
  }

  /// So that no long target is left for the end, when other threads and ranks have nothing to do.
  /// All ranks find the same order: the estimates are not corrected.
  void sort_longest_first() {
    std::vector<std::pair<double, InputTarget>> timed;
    const std::vector<std::string> searches = search_tasks(definition);
    for (InputTarget& target : targets.good) {
      const PlanTarget size = make_plan_target(target, searches);
      timed.emplace_back(make_plan(workflow.graph, {size}, 1).seconds, std::move(target));
    }
    std::ranges::stable_sort(timed, std::greater(), &std::pair<double, InputTarget>::first);
    for (std::size_t i = 0; i < timed.size(); ++i) targets.good[i] = std::move(timed[i].second);
  }

  Target target(std::size_t position, int index) const {
    return make_target(targets.good[position], workflow, search_tasks(definition), index);
  }

  const CampaignOptions& options;
  workflows::Catalog catalog;
  workflows::Definition definition;
  Targets targets;
  workflows::Workflow workflow;
  std::shared_ptr<CostBook> costs;
};

constexpr double status_interval = 1;    // s, between two states of status.json
constexpr std::int64_t end_margin = 30;  // s, before the end of a job that the site has told

const char* text_or(const char* name, const char* otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : text;
}

/// Why the run should end now: "SIGTERM", "time limit"; empty: it should not.
std::string reason_to_drain() {
  if (Interrupt::signal() != 0) return std::string("SIG") + sigabbrev_np(Interrupt::signal());
  const std::int64_t end = std::atoll(text_or("SLURM_JOB_END_TIME", "0"));
  return end > 0 && std::time(nullptr) > end - end_margin ? "time limit" : "";
}

/// How a campaign, or the part of it that is this job's, is run.
struct Course {
  std::filesystem::path status_folder;
  TargetSource source;  ///< the executor may ask from a thread of its own
  std::shared_ptr<Leases> leases = {};      ///< null: all targets are this job's
  std::shared_ptr<TargetQuota> quota = {};  ///< of the site; null: none
  std::vector<TargetOutcome> known = {};  ///< of targets that are not run again
};

/// All targets one by one, but those that are `known`.
Course whole_course(const Campaign& campaign, const FailedTargets& known) {
  Course course{campaign.options.out, {}};
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < campaign.targets.good.size(); ++i) {
    const auto found = known.find(campaign.targets.good[i].sequence.name);
    if (found == known.end()) {
      wanted.push_back(i);
      continue;
    }
    course.known.push_back(found->second);
    course.known.back().index = static_cast<int>(i);
  }
  course.source = [&campaign, wanted, next = 0U]() mutable -> std::optional<Target> {
    if (next == wanted.size()) return std::nullopt;
    const std::size_t position = wanted[next++];
    return campaign.target(position, static_cast<int>(position));
  };
  return course;
}

/// Those targets that this job has leased.
Course shared_course(const Campaign& campaign, int job, const std::shared_ptr<io::RunStore>& store) {
  std::vector<std::string> residues(campaign.targets.good.size());
  std::vector<std::size_t> numbers;
  for (const InputTarget& target : campaign.targets.good) {
    residues[target.number] = target.sequence.residues;
    numbers.push_back(target.number);
  }
  Course course{job_folder(campaign.options.out, job), {}};
  course.leases = std::make_shared<Leases>(campaign.options.out, job, lease_blocks(residues, numbers),
                                           campaign.options.lease_seconds);
  course.source = [&campaign, leases = course.leases, store,
                   index = 0]() mutable -> std::optional<Target> {
    const auto next = leases->next();
    if (!next) return std::nullopt;
    if (next->was_held) store->refresh();  // what the other job had finished is not computed again
    return campaign.target(next->target, index++);
  };
  return course;
}

/// Seconds that tasks had a device.
double device_seconds(const Campaign& campaign, const RunStatus& status) {
  double seconds = 0;
  for (const auto& task : campaign.workflow.graph.tasks())
    if (const auto found = status.tasks.find(task->name); !task->needs.device.empty() && found != status.tasks.end())
      seconds += found->second.seconds;
  return seconds;
}

/// Why the site's quota ends the run now; empty: it does not.
std::string quota_reason(const Campaign& campaign, const RunStatus& now) {
  const double quota = site_profile().quota_device_seconds;
  return quota > 0 && device_seconds(campaign, now) >= quota ? "quota of device seconds" : "";
}

/// What the site lets one campaign have. @throws Error{InvalidArgument} if more was asked for.
void apply_quota(const CampaignOptions& asked, const Ranks& ranks, RankOptions& chosen) {
  const SiteProfile& site = site_profile();
  if (site.quota_threads > 0) {
    const int all = ranks.threads(asked.threads);
    if (asked.threads > 0 && all > site.quota_threads)
      throw Error(ErrorKind::InvalidArgument,
                  fmt::format("{} threads are more than this site lets a campaign have: {}. Ask for fewer (--threads).",
                              all, site.quota_threads));
    chosen.threads = std::max(1, std::min(all, site.quota_threads) / ranks.size());
  }
  if (site.quota_memory_gb > 0) {
    if (asked.memory_gb > site.quota_memory_gb)
      throw Error(ErrorKind::InvalidArgument,
                  fmt::format("--memory {}: this site lets a rank have {} GB.", asked.memory_gb, site.quota_memory_gb));
    if (asked.memory_gb == 0) chosen.memory_bytes = static_cast<std::uint64_t>(site.quota_memory_gb * 1e9);
  }
}

std::shared_ptr<TargetQuota> target_quota() {
  const SiteProfile& site = site_profile();
  if (site.quota_targets == 0) return nullptr;
  return std::make_shared<TargetQuota>(site.quota_folder, site.quota_targets);
}

/// What is known before the run begins; of earlier attempts, what status.json tells.
RunStatus first_status(const Campaign& campaign, const Ranks& ranks,
                       const std::filesystem::path& folder) {
  RunStatus status;
  status.workflow = campaign.definition.name;
  status.input = campaign.options.input.filename();
  status.began_at = status.updated_at = std::time(nullptr);
  status.ranks = ranks.size();
  status.threads = ranks.threads(campaign.options.threads);
  status.targets = static_cast<int>(campaign.targets.good.size());
  status.targets_refused = static_cast<int>(campaign.targets.refused.size());
  for (const auto& task : campaign.workflow.graph.tasks()) status.order.push_back(task->name);
  try {
    status.lives = read_status(folder).lives;
  } catch (const Error&) {  // the first attempt, or a damaged file that is about to be replaced
    status.lives.clear();
  }
  for (Life& life : status.lives)
    if (life.end == "running") life.end = "lost";
  status.lives.push_back({status.began_at, status.began_at, "running", "",
                          text_or("SLURM_JOB_ID", ""), 0});
  return status;
}

/// The same on all ranks, since any of them may come to lead. Collective.
RunStatus agreed_status(const Campaign& campaign, const Ranks& ranks, const std::filesystem::path& folder) {
  return status_of(nlohmann::json::parse(ranks.of_first(to_json(first_status(campaign, ranks, folder)).dump())));
}

/// What a rank tells of itself while the run lasts. A folder that cannot be written stops no run for
/// that: the store will say so.
void tell(const Course& course, RankFiles& files, bool leads, const RunStatus& status) {
  try {
    files.write(leads ? &status : nullptr);
    if (leads) write_status(course.status_folder, status);
  } catch (const Error&) {
    return;
  }
}

/// Waits for the end of the run, and tells it to stop when there is a reason, which it returns.
std::string wait_for(Run& run, Leases* leases, const std::function<bool()>& leads,
                     const std::function<std::string(bool leads)>& tell) {
  std::string reason;
  std::string told_reason;
  bool has_lost = false;
  auto told = Clock::time_point();
  while (!run.is_finished()) {
    if (reason.empty()) {
      reason = reason_to_drain();
      if (reason.empty()) reason = told_reason;
      if (reason.empty() && has_lost) reason = "others have taken its targets: it gave no sign of life";
      if (!reason.empty()) run.cancel();
      if (!reason.empty() && leases != nullptr) leases->stop();
      if (!reason.empty() && leads())
        fmt::print(stderr, "\nstopping ({}): what is finished is kept; run the same command to go on\n",
                   reason);
    }
    if (Clock::now() - told > std::chrono::duration<double>(status_interval)) {
      told = Clock::now();
      told_reason = tell(leads());
      if (leases != nullptr) leases->watch();
      if (leases != nullptr && leads()) has_lost = leases->has_lost();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  run.wait();
  return reason;
}

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
  return std::ranges::all_of(result.outcomes, &TargetOutcome::is_good) ? all_done : some_failed;
}

/// Only the first rank makes the folder, so that the others find it whole.
void claim_folder(const CampaignOptions& options, const Ranks& ranks) {
  if (ranks.rank() == 0) {
    claim_results_folder(options.out, options.input);
    CampaignCommand command{std::filesystem::current_path(),
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

/// The number of this process among those that write to the folder.
int store_rank(const Ranks& ranks, std::optional<int> job) {
  constexpr int most_ranks = 1000;
  if (!job) return ranks.rank();
  if (ranks.size() > most_ranks)
    throw Error(ErrorKind::Unsupported, "--share: a job can have 1000 ranks at most.");
  return *job * most_ranks + ranks.rank();
}

CampaignResult execute(const Campaign& campaign, const Course& course, const Ranks& ranks,
                       RankFiles& files, Executor& executor, const std::shared_ptr<io::RunStore>& store,
                       const std::shared_ptr<CampaignObserver>& observer) {
  const auto began = Clock::now();
  const Interrupt interrupt;
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
  RunOptions options{
      .store = store, .observer = observer, .keep_values = false, .costs = campaign.costs};
  // what is read ahead is not for others
  if (course.leases) options.window = 2 * ranks.threads(campaign.options.threads);
  if (course.quota) {
    options.may_begin = [quota = course.quota] { return quota->begin(); };
    options.on_ended = [quota = course.quota](const TargetOutcome&) { quota->end(); };
  }
  Run run = executor.run_source(campaign.workflow.graph, course.source, std::move(options));
  const std::string reason = wait_for(
      run, course.leases.get(), [&] { return ranks.leads(executor); },
      [&](bool leads) {
        const RunStatus now = observer->status(seconds());
        tell(course, files, leads, now);
        if (course.quota) course.quota->touch();
        return leads ? quota_reason(campaign, now) : "";
      });
  observer->progress.finish();
  std::vector<TargetOutcome> outcomes = run.outcomes();
  outcomes.insert(outcomes.end(), course.known.begin(), course.known.end());
  observer->recount(outcomes);
  RunStatus status = observer->status(seconds());
  const bool is_drained = !reason.empty() && (course.leases || status.targets_done + status.targets_failed <
                                                                   status.targets);
  if (course.leases) {
    const std::vector<std::size_t> order = course.leases->order();
    for (TargetOutcome& outcome : outcomes)
      outcome.index = static_cast<int>(order.at(static_cast<std::size_t>(outcome.index)));
    if (ranks.leads(executor)) course.leases->settle(outcomes);
  }
  const Energy energy = energy_of(measured_joules(campaign.options.out / "ranks"), status.busy_seconds,
                                  device_seconds(campaign, status), site_profile());
  status.state = is_drained ? "drained" : "ended";
  status.lives.back().end = status.state;
  status.lives.back().cause = is_drained ? reason : "";
  tell(course, files, ranks.leads(executor), status);
  return {campaign.options,
          campaign.definition,
          campaign.workflow,
          campaign.targets,
          run,
          std::move(outcomes),
          status.seconds,
          ranks.size(),
          observer->accounting.efficiency(ranks.threads(campaign.options.threads)),
          is_drained,
          status.lives,
          energy_facts(energy, status, site_profile())};
}

/// Those of this rank that can be trusted, if the workflow has a use for any.
std::vector<Device> trusted_devices(const Graph& graph) {
  const auto wants = [](const auto& task) { return !task->needs.device.empty(); };
  if (std::ranges::none_of(graph.tasks(), wants)) return {};
  std::vector<Device> trusted;
  for (const Device& device : own_devices(workflows::predict::accelerators())) {
    const std::string fault = workflows::predict::device_fault(device.name);
    if (fault.empty())
      trusted.push_back(device);
    else
      fmt::print(stderr, "{} is not used: {}\n", device.name, fault);
  }
  return trusted;
}

RankOptions rank_options(const Campaign& campaign, const Ranks& ranks) {
  const CampaignOptions& options = campaign.options;
  auto roles = parse_roles(options.roles, ranks.size(), campaign.workflow.graph);
  RankOptions chosen{options.threads, static_cast<std::uint64_t>(options.memory_gb * 1e9),
                     roles[ranks.rank()], options.run_ahead, trusted_devices(campaign.workflow.graph)};
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

}  // namespace

namespace {

/// The number of this job among those that share the folder; nothing if it has the folder alone.
/// Collective.
std::optional<int> join(const CampaignOptions& options, const Ranks& ranks) {
  const std::filesystem::path status = options.out / "status.json";
  if (!options.is_shared) {
    if (!std::filesystem::exists(status) && !jobs_of(options.out).empty() &&
        campaign_status(options.out).state == "running")
      throw Error(ErrorKind::InvalidArgument,
                  options.out.string() + ": other jobs work on this folder. Give --share to join them.");
    return std::nullopt;
  }
  std::string job;
  if (ranks.rank() == 0) {
    job = std::to_string(Leases::begin_job(options.out, ranks.size()));
    std::filesystem::remove(status);  // from now on it is that of all jobs together
  }
  return number_in(ranks.of_first(job));
}

/// Writes down what came of the campaign.
void conclude(const Campaign& campaign, CampaignResult& result, io::RunStore& store,
              const Trace& trace) {
  store.refresh();
  const workflows::report::Report report = make_report(result);
  write_campaign_files(result, report, store, trace);
  write_costs(campaign.options.out, *campaign.costs);
  print_summary(result, report);
}

/// A line for the site: who ran what, and what it took.
void audit(const Campaign& campaign, const CampaignResult& result) {
  const std::filesystem::path& file = site_profile().audit;
  if (file.empty()) return;
  std::int64_t good = 0;
  for (const TargetOutcome& target : result.outcomes) good += target.is_good() ? 1 : 0;
  const nlohmann::json line = {{"ended_at", static_cast<std::int64_t>(std::time(nullptr))},
                               {"uid", getuid()},
                               {"host", host_name()},
                               {"job", text_or("SLURM_JOB_ID", "")},
                               {"workflow", campaign.definition.name},
                               {"input", std::filesystem::absolute(campaign.options.input).string()},
                               {"out", std::filesystem::absolute(campaign.options.out).string()},
                               {"targets", result.outcomes.size()},
                               {"targets_done", good},
                               {"ranks", result.ranks},
                               {"seconds", result.seconds},
                               {"work_thread_seconds", result.efficiency.work},
                               {"energy", result.energy},
                               {"end", result.was_interrupted ? "drained" : "ended"}};
  try {
    append_line(file, line.dump());
  } catch (const Error& error) {  // a run is not lost for the site's book
    fmt::print(stderr, "no line in the site's audit file: {}\n", error.what());
  }
}

/// After the own part of a shared campaign: the last job to end looks all targets up, computes what is
/// missing, and writes the report. @returns the exit code.
int conclude_shared(const Campaign& campaign, const Ranks& ranks, RankFiles& files, CampaignResult& own,
                    Leases& leases, const std::shared_ptr<io::RunStore>& store,
                    const CampaignObserver& observer) {
  io::write_file_atomically(leases.folder() / "trace.json", observer.trace.json());
  if (own.was_interrupted) return drained;
  if (leases.has_company() || !leases.begin_report()) {
    fmt::print(stderr, "this job's part is done: {} targets; other jobs go on, the last one writes the report\n",
               own.outcomes.size());
    return exit_code_of_part(own);
  }
  store->refresh();
  const Course course = whole_course(campaign, leases.failed());
  RunStatus start = first_status(campaign, ranks, campaign.options.out);
  start.lives = joint_lives(campaign.options.out);
  for (const Life& life : start.lives) start.began_at = std::min(start.began_at, life.began_at);
  const auto hears = std::make_shared<CampaignObserver>(campaign.plan(), campaign.workflow.graph, false, start);
  const auto executor = make_thread_executor({campaign.options.threads, 0});
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

int run_campaign(const CampaignOptions& options) {
  const Ranks ranks;
  if (options.is_offline && ranks.size() == 1) forbid_network(NetworkScope::process);
  const Campaign campaign(options);
  if (ranks.rank() == 0) print_refusals(campaign.targets);
  claim_folder(options, ranks);
  const std::optional<int> job = join(options, ranks);
  const int rank = store_rank(ranks, job);
  const auto store = std::make_shared<io::RunStore>(options.out, rank, [](const auto& damage) {
    fmt::print(stderr, "damaged: {}\n", to_string(damage));
  });
  RankFiles files(options.out, rank, options.is_offline, options.metrics);
  Course course = job ? shared_course(campaign, *job, store) : whole_course(campaign, {});
  course.quota = target_quota();
  if (job && ranks.rank() == 0 && !course.leases->has_company()) course.leases->reopen_failed();
  const auto observer = std::make_shared<CampaignObserver>(
      campaign.plan(), campaign.workflow.graph, isatty(STDERR_FILENO) == 1,
      agreed_status(campaign, ranks, course.status_folder));
  const auto executor = ranks.make_executor(rank_options(campaign, ranks));
  CampaignResult result = execute(campaign, course, ranks, files, *executor, store, observer);
  if (!ranks.leads(*executor)) return job ? exit_code_of_part(result) : exit_code(result);
  print_lost(ranks.lost(*executor));
  audit(campaign, result);
  if (job) return conclude_shared(campaign, ranks, files, result, *course.leases, store, *observer);
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
  command->add_option("WORKFLOW", options->workflow, "packaged workflow, or a YAML file")->required();
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
