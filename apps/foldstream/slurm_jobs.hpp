// Jobs of SLURM that were submitted for a results folder: OUT/job.json.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace foldstream::apps {

struct SlurmJob {
  std::string number;
  std::string cluster = {};  ///< as --cluster named it; empty: the one that this machine belongs to
};

/// None if there is no such file. @throws Error{Parse} if it is damaged.
std::vector<SlurmJob> submitted_jobs(const std::filesystem::path& run);
void write_submitted_jobs(const std::filesystem::path& run, const std::vector<SlurmJob>& jobs);

/// A command of SLURM's that asks the controller of a cluster: of the site profile, or one that SLURM
/// itself knows by name. @throws Error{NotFound} if the profile names clusters, but not this one.
std::string slurm_command(const std::string& cluster, const std::string& program);

/// @throws Error{NotFound} if the program is not on the PATH.
void check_slurm(const std::string& program);

}  // namespace foldstream::apps
