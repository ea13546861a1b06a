#include "slurm_jobs.hpp"

#include "job_script.hpp"
#include "shell.hpp"
#include "site.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>

#include <nlohmann/json.hpp>

namespace foldstream::apps {

namespace fs = std::filesystem;

std::vector<SlurmJob> submitted_jobs(const fs::path& run) {
  const fs::path file = run / "job.json";
  std::vector<SlurmJob> jobs;
  if (!fs::exists(file)) return jobs;
  try {
    const auto json = nlohmann::json::parse(io::read_text_file(file));
    for (const auto& job : json.at("jobs")) jobs.push_back({job.at("job"), job.at("cluster")});
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::Parse,
                file.string() + ": " + error.what() + ". Use scancel, and remove it.");
  }
  return jobs;
}

void write_submitted_jobs(const fs::path& run, const std::vector<SlurmJob>& jobs) {
  auto list = nlohmann::json::array();
  for (const SlurmJob& job : jobs) list.push_back({{"job", job.number}, {"cluster", job.cluster}});
  io::write_file_atomically(run / "job.json", nlohmann::json{{"jobs", list}}.dump() + "\n");
}

std::string slurm_command(const std::string& cluster, const std::string& program) {
  if (cluster.empty()) return program;
  const fs::path file = cluster_profile(cluster).slurm_conf;
  if (file.empty()) return program + " --clusters=" + shell_quoted(cluster);
  return "SLURM_CONF=" + shell_quoted(file.string()) + " " + program;
}

void check_slurm(const std::string& program) {
  if (!has_program(program))
    throw Error(ErrorKind::NotFound, program +
                                         " is not on the PATH: this is no machine from which SLURM "
                                         "jobs are submitted. '--dry-run' shows the script.");
}

}  // namespace foldstream::apps
