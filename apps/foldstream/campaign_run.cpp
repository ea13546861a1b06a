#include "campaign_run.hpp"

#include "allowance.hpp"
#include "energy.hpp"
#include "interrupt.hpp"
#include "lease_files.hpp"
#include "site.hpp"

#include <foldstream/error.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <thread>

namespace foldstream::apps {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double status_interval = 1;    // s, between two states of status.json
constexpr std::int64_t end_margin = 30;  // s, before the end of a job that the site has told

/// Why the run should end now: "SIGTERM", "time limit"; empty: it should not.
std::string reason_to_drain() {
  if (Interrupt::signal() != 0) return std::string("SIG") + sigabbrev_np(Interrupt::signal());
  const std::int64_t end = std::atoll(environment("SLURM_JOB_END_TIME").c_str());
  return end > 0 && std::time(nullptr) > end - end_margin ? "time limit" : "";
}

/// What a rank tells of itself while the run lasts. A folder that cannot be written stops no run
/// for that: the store will say so.
void tell(const Course& course, RankFiles& files, bool leads, const RunStatus& status) {
  try {
    files.write(leads ? &status : nullptr);
    if (leads) write_status(course.status_folder, status);
  } catch (const Error&) {
    return;
  }
}

/// Why a run was told to stop, if it was, and how long it went on then.
struct Stop {
  std::string reason;
  double seconds = 0;
};

/// Waits for the end of the run, and tells it to stop when there is a reason.
Stop wait_for(Run& run, Leases* leases, const std::function<bool()>& leads,
                     const std::function<std::string(bool leads)>& tell) {
  std::string reason;
  Clock::time_point stopping;
  std::string told_reason;
  bool has_lost = false;
  int looks = 0;
  auto told = Clock::time_point();
  while (!run.is_finished()) {
    if (reason.empty()) {
      reason = reason_to_drain();
      if (reason.empty()) reason = told_reason;
      if (reason.empty() && has_lost)
        reason = "others have taken its targets: it gave no sign of life";
      if (!reason.empty()) stopping = Clock::now();
      if (!reason.empty()) run.cancel();
      if (!reason.empty() && leases != nullptr) leases->stop();
      if (!reason.empty() && leads())
        fmt::print(stderr,
                   "\nstopping ({}): what is finished is kept; run the same command to go on\n",
                   reason);
    }
    if (Clock::now() - told > std::chrono::duration<double>(status_interval)) {
      told = Clock::now();
      told_reason = tell(leads());
      if (leases != nullptr) leases->watch();
      if (leases != nullptr && ++looks % 10 == 0 && leads()) has_lost = leases->has_lost();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  run.wait();
  if (reason.empty()) return {};
  return {reason, std::chrono::duration<double>(Clock::now() - stopping).count()};
}

}  // namespace

RunStatus first_status(const PreparedCampaign& campaign, const Ranks& ranks,
                       const std::filesystem::path& folder) {
  RunStatus status;
  status.workflow = campaign.definition.name;
  status.input = campaign.options.input.filename();
  status.began_at = status.updated_at = std::time(nullptr);
  status.ranks = ranks.size();
  status.threads = ranks.threads(campaign.options.threads);
  status.targets = static_cast<int>(campaign.targets.good.size());
  status.targets_refused = static_cast<int>(campaign.targets.refused.size());
  for (const auto& task : campaign.workflow.graph.tasks()) {
    status.order.push_back(task->name);
    if (!task->needs.device.empty()) status.device_tasks.insert(task->name);
  }
  try {
    status.lives = read_status(folder).lives;
  } catch (const Error&) {  // the first attempt, or a damaged file that is about to be replaced
    status.lives.clear();
  }
  for (Life& life : status.lives)
    if (life.end == "running") life.end = "lost";
  status.lives.push_back(
      {status.began_at, status.began_at, "running", "", environment("SLURM_JOB_ID"), 0, 0});
  return status;
}

RunStatus agreed_status(const PreparedCampaign& campaign, const Ranks& ranks,
                        const std::filesystem::path& folder, std::size_t devices) {
  RunStatus own = first_status(campaign, ranks, folder);
  own.devices = static_cast<int>(devices);
  std::vector<RunStatus> all;
  for (const std::string& text : ranks.gather(to_json(own).dump()))
    all.push_back(status_of(nlohmann::json::parse(text)));
  for (std::size_t i = 1; i < all.size(); ++i) all.front().devices += all[i].devices;
  return all.front();
}

namespace {

RunOptions run_options(const PreparedCampaign& campaign, const Course& course, const Ranks& ranks) {
  RunOptions options;
  options.keep_values = false;
  options.costs = campaign.costs;
  options.kept_bytes = course.kept_bytes;
  // what is read ahead is not for others
  if (course.leases) options.window = 2 * ranks.threads(campaign.options.threads);
  if (course.quota) {
    options.may_begin = [quota = course.quota] { return quota->begin(); };
    options.on_ended = [quota = course.quota](const TargetOutcome&) { quota->end(); };
  }
  return options;
}

/// Of all targets of the course; of shared ones with their positions in the campaign as indices.
std::vector<TargetOutcome> all_outcomes(const Run& run, const Course& course) {
  std::vector<TargetOutcome> outcomes = run.outcomes();
  outcomes.insert(outcomes.end(), course.known.begin(), course.known.end());
  if (!course.leases) return outcomes;
  const std::vector<std::size_t> order = course.leases->order();
  for (TargetOutcome& outcome : outcomes)
    outcome.index = static_cast<int>(order.at(static_cast<std::size_t>(outcome.index)));
  return outcomes;
}

/// As it is told for good. Another rank may have been told to stop first, and have ended the run before
/// this one knew of it.
RunStatus last_status(RunStatus status, const Course& course, Stop stop,
                      const std::vector<TargetOutcome>& outcomes) {
  const bool is_cut = std::ranges::any_of(outcomes, [](const TargetOutcome& target) {
    return target.worst().state == State::cancelled;
  });
  const bool is_whole = status.targets_done + status.targets_failed == status.targets;
  const bool is_drained = is_cut || (course.leases ? !stop.reason.empty() : !is_whole);
  if (stop.reason.empty()) stop.reason = reason_to_drain();
  if (stop.reason.empty()) stop.reason = "told by another rank";
  status.state = is_drained ? "drained" : "ended";
  status.lives.back().end = status.state;
  status.lives.back().cause = is_drained ? stop.reason : "";
  status.lives.back().drain_seconds = is_drained ? stop.seconds : 0;
  return status;
}

}  // namespace

CampaignResult execute(const PreparedCampaign& campaign, const Course& course, const Ranks& ranks,
                       RankFiles& files, Executor& executor,
                       const std::shared_ptr<io::RunStore>& store,
                       const std::shared_ptr<CampaignObserver>& observer) {
  const auto began = Clock::now();
  const Interrupt interrupt;
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
  RunOptions options = run_options(campaign, course, ranks);
  options.store = store;
  options.observer = observer;
  Run run = executor.run_source(campaign.workflow.graph, course.source, std::move(options));
  const Stop stop = wait_for(
      run, course.leases.get(), [&] { return ranks.leads(executor); },
      [&](bool leads) {
        const RunStatus now = observer->status(seconds());
        tell(course, files, leads, now);
        if (course.quota) course.quota->touch();
        return leads ? quota_reason(now) : "";
      });
  observer->progress.finish();
  std::vector<TargetOutcome> outcomes = all_outcomes(run, course);
  observer->recount(outcomes);
  const bool leads = ranks.leads(executor);
  if (course.leases && leads)
    course.leases->settle(outcomes);  // before others see that it has ended
  const RunStatus status = last_status(observer->status(seconds()), course, stop, outcomes);
  tell(course, files, leads, status);
  const Energy energy =
      energy_of(measured_energy(campaign.options.out / "ranks"), status.busy_seconds,
                status.device_seconds, site_profile());
  return {campaign.options,
          campaign.definition,
          campaign.workflow,
          campaign.targets,
          run,
          std::move(outcomes),
          status.seconds,
          ranks.size(),
          observer->accounting.efficiency(ranks.threads(campaign.options.threads)),
          status.state == "drained",
          status.lives,
          energy_facts(energy, status, site_profile())};
}

}  // namespace foldstream::apps
