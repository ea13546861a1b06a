// `status`, `failures`: where a campaign stands, from its folder alone.
#include "commands.hpp"
#include "joint_status.hpp"
#include "lease_files.hpp"
#include "progress.hpp"
#include "run_folder.hpp"

#include <foldstream/error.hpp>

#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <memory>
#include <thread>

namespace foldstream::apps {
namespace {

struct StatusOptions {
  std::filesystem::path run;
  bool watch = false;
  bool json = false;
  bool has_code = false;
  std::string job = {};  ///< of those that share the folder: this attempt of it alone
};

std::string state_text(const RunStatus& status) {
  const std::int64_t age = std::time(nullptr) - status.updated_at;
  if (is_silent(status))
    return fmt::format(
        "no sign of life for {}: killed, or its file system hangs. Run it again to go on",
        clock_text(static_cast<double>(age)));
  if (status.state == "drained") return "stopped; run it again to go on";
  return status.state;
}

void print_status(const RunStatus& status) {
  fmt::print("{} on {}: {}\n", status.workflow, status.input, state_text(status));
  fmt::print(
      "targets: {} of {} done, {} failed, {} running{}\n", status.targets_done, status.targets,
      status.targets_failed, status.targets_running,
      status.targets_refused == 0 ? "" : fmt::format(", {} refused", status.targets_refused));
  fmt::print("{:<14} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "task", "waiting", "running", "done",
             "reused", "failed", "others");
  const nlohmann::json json = to_json(status);
  for (const auto& task : json.at("tasks"))
    fmt::print("{:<14} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n", task.at("task").get<std::string>(),
               task.at("waiting").get<int>(), task.at("running").get<int>(),
               task.at("done").get<int>(), task.at("reused").get<int>(),
               task.at("failed").get<int>(), task.at("others").get<int>());
  std::string time = "time: " + clock_text(status.seconds);
  if (status.eta() > 0) time += ", about " + clock_text(status.eta()) + " to go";
  if (status.seconds > 1 && status.lives.size() == 1)  // else some were done before
    time += fmt::format("; {:.1f} targets an hour", 3600 * status.targets_done / status.seconds);
  std::string devices;
  if (status.devices > 0)
    devices = fmt::format("; {} device{}, {:.0f} % busy", status.devices,
                          status.devices == 1 ? "" : "s", 100 * status.device_busy_share());
  fmt::print("{}\n{} rank{}, {} threads, {:.0f} % busy{}; at most {} of memory on a rank\n", time,
             status.ranks, status.ranks == 1 ? "" : "s", status.threads,
             100 * json.at("busy_share").get<double>(), devices,
             bytes_text(static_cast<double>(status.peak_bytes)));
  for (std::size_t i = 0; i < status.lives.size() && status.lives.size() > 1; ++i)
    fmt::print("life {}: {}\n", i + 1, life_text(status.lives[i]));
  if (!status.failures.empty())
    fmt::print("{} tasks failed: see 'foldstream failures'\n", status.failures.size());
}

/// Whether it dies without getting anywhere: to begin it again would not help.
bool is_hopeless(const RunStatus& status) {
  const auto& lives = status.lives;
  const auto is_vain = [&](std::size_t from_end) {
    const Life& life = lives[lives.size() - from_end];
    return (life.end == "lost" || life.end == "running") && life.computed == 0;
  };
  return lives.size() >= 2 && is_vain(1) && is_vain(2);
}

/// Of the attempt at a SLURM job that this process belongs to, and that has a part of the campaign.
RunStatus status_of_job(const StatusOptions& options) {
  const int attempt = number_in(environment("SLURM_RESTART_COUNT")).value_or(0);
  for (const int number : jobs_of(options.run)) {
    const std::filesystem::path folder = job_folder(options.run, number);
    const nlohmann::json job = record_in(folder / "job.json");
    if (job.value("job", "") == options.job && job.value("restart", 0) == attempt &&
        job.value("cluster", "") == environment("SLURM_CLUSTER_NAME"))
      return read_status(folder);
  }
  throw Error(ErrorKind::NotFound,
              options.run.string() + ": job " + options.job + " has no part in it.");
}

/// What the command that ran it should have ended with, once it is over.
int code_of(const RunStatus& status, bool is_part) {
  if (status.state == "drained") return drained;
  if (status.state == "running") return is_hopeless(status) ? internal_error : drained;
  if (is_part) return status.targets_failed == 0 ? all_done : some_failed;
  if (status.targets_done == status.targets && status.targets_refused == 0) return all_done;
  return status.targets_done == 0 ? all_failed : some_failed;
}

int show_status(const StatusOptions& options) {
  while (true) {
    const bool is_part = !options.job.empty();
    const RunStatus status = is_part ? status_of_job(options) : campaign_status(options.run);
    const bool is_terminal = isatty(STDOUT_FILENO) == 1;
    if (options.watch && is_terminal && !options.json) fmt::print("\033[H\033[2J");
    if (options.json)
      fmt::print("{}\n", to_json(status).dump(options.watch ? -1 : 2));
    else
      print_status(status);
    std::fflush(stdout);
    if (!options.watch || status.state != "running" || is_silent(status))
      return options.has_code ? code_of(status, is_part) : static_cast<int>(all_done);
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

int show_failures(const StatusOptions& options) {
  const RunStatus status = campaign_status(options.run);
  if (options.json) {
    fmt::print("{}\n", to_json(status).at("failures").dump(2));
    return all_done;
  }
  fmt::print("target\ttask\tkind\tmessage\n");
  for (const FailedTask& failure : status.failures)
    fmt::print("{}\t{}\t{}\t{}\n", failure.target, failure.task, failure.kind, failure.message);
  return all_done;
}

}  // namespace

void add_status(CLI::App& app, Action& action) {
  const auto options = std::make_shared<StatusOptions>();
  CLI::App* status =
      app.add_subcommand("status", "Say where a campaign stands; also while it runs elsewhere");
  CLI::App* failures =
      app.add_subcommand("failures", "List the tasks of a campaign that failed, with the reason");
  for (CLI::App* command : {status, failures}) {
    command->add_option("RUN", options->run, "folder that --out of the run named")->required();
    command->add_flag("--json", options->json, "JSON on standard output");
  }
  status->add_flag("--watch", options->watch, "again every second until it ends");
  status->add_flag("--exit-code", options->has_code,
                   "exit as the run did: 0, 3, 4, or 75 if it is to be run again");
  status->add_option("--job", options->job,
                     "of the jobs that share the folder, this one of SLURM alone");
  status->footer(
      "It reads RUN/status.json, which a run brings up to date every second, and asks no other "
      "machine.\n\n"
      "Examples:\n  foldstream status results\n  foldstream status results --watch");
  failures->footer(
      "Examples:\n  foldstream failures results\n  foldstream failures results --json");
  status->callback([&action, options] { action = [options] { return show_status(*options); }; });
  failures->callback(
      [&action, options] { action = [options] { return show_failures(*options); }; });
}

}  // namespace foldstream::apps
