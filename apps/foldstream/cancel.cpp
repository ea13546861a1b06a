// `cancel`: stops the jobs of a submitted campaign.
#include "commands.hpp"
#include "job_script.hpp"
#include "shell.hpp"
#include "slurm_jobs.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>

#include <fmt/core.h>

#include <memory>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;

/// "PENDING", "RUNNING"; empty for a job that has ended or that the controller does not know.
std::string state_of(const SlurmJob& job) {
  const Output asked = output_of(slurm_command(job.cluster, "squeue") +
                                 " --noheader --format=%T --job " + shell_quoted(job.number));
  // of a job with several parts, a line each; of several clusters, a title first
  const std::string last = asked.text.substr(asked.text.rfind('\n') + 1);
  return asked.code == 0 && !last.starts_with("CLUSTER:") ? last : "";
}

/// Takes the job out of the queue, or tells it to drain. @returns what came of it; empty: it had ended.
std::string stop(const SlurmJob& job) {
  const bool was_pending = state_of(job) == "PENDING";
  const std::string scancel = slurm_command(job.cluster, "scancel");
  if (was_pending) output_of(scancel + " --state=PENDING " + shell_quoted(job.number));
  const std::string state = state_of(job);
  if (was_pending && (state.empty() || state == "CANCELLED"))
    return "waited in the queue, and is taken out of it";
  if (state.empty()) return "";
  const Output signal = output_of(scancel + " --batch --signal=USR1 " + shell_quoted(job.number));
  if (signal.code != 0)
    throw Error(ErrorKind::InvalidArgument,
                "scancel refused job " + job.number + ": " + signal.text);
  return "stops and is not queued again; what is finished is kept";
}

int cancel(const fs::path& run) {
  const std::vector<SlurmJob> jobs = submitted_jobs(run);
  if (jobs.empty())
    throw Error(ErrorKind::NotFound, run.string() + ": was not submitted: it has no job.json.");
  check_slurm("scancel");
  io::write_file_atomically(run / "cancel", "");  // so that no job is queued again
  int stopped = 0;
  for (const SlurmJob& job : jobs) {
    const std::string outcome = stop(job);
    if (outcome.empty()) continue;
    ++stopped;
    fmt::print("job {}{} {}\n", job.number, job.cluster.empty() ? "" : " on " + job.cluster, outcome);
  }
  if (stopped == 0)
    throw Error(ErrorKind::InvalidArgument,
                run.string() + ": no job of it is in the queue any more; there is nothing to stop.");
  return all_done;
}

}  // namespace

void add_cancel(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "cancel", "Stop the jobs of a submitted campaign; what is finished is kept");
  const auto run = std::make_shared<fs::path>();
  command->add_option("RUN", *run, "folder that --out of the submission named")->required();
  command->footer("Example:\n  foldstream cancel run1");
  command->callback([&action, run] { action = [run] { return cancel(*run); }; });
}

}  // namespace foldstream::apps
