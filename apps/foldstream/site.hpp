// SiteProfile: what a site says once for all who run there (docs/hpc.md).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace foldstream::apps {

/// A cluster of its own controller, for 'submit --cluster'. What is empty is as the profile says.
struct ClusterProfile {
  std::string name;
  std::filesystem::path slurm_conf;  ///< empty: known to sbatch by its name
  std::string partition, account, qos;
  std::string launcher;
  std::vector<std::string> modules;
};

struct SiteProfile {
  std::string name;
  std::string partition, account, qos;
  std::string launcher;              ///< "srun", "mpirun"; empty: auto
  std::vector<std::string> modules;  ///< that a job loads first
  std::vector<ClusterProfile> clusters;
  std::filesystem::path scratch;     ///< on every node
  std::filesystem::path database;    ///< where none is named
  std::filesystem::path models_dir;
  std::filesystem::path image;  ///< of a container that jobs run in
  std::filesystem::path audit;  ///< a line for each campaign is added there
  std::filesystem::path quota_folder;
  int quota_targets = 0;       ///< in work at once, over all campaigns of an account; 0 = no limit
  int quota_threads = 0;       ///< of a campaign
  double quota_memory_gb = 0;  ///< of a rank
  double quota_device_seconds = 0;  ///< of a campaign's job: then it drains
  double carbon = 0;                ///< of a kilowatt-hour, g CO2e; 0 = not known
  double core_watts = 0;            ///< of a busy core; 0 = not known
  double device_watts = 0;          ///< of a busy device

  std::vector<std::filesystem::path> files;  ///< that it was read from
};

/// /etc/foldstream/site.yaml, and over it that of the user, $XDG_CONFIG_HOME/foldstream/site.yaml;
/// or the one file that $FOLDSTREAM_SITE names. Empty if there is none.
/// @throws Error{Parse} with file:line:column.
const SiteProfile& site_profile();

/// A cluster by its name, with what the profile says for all; without a name, what it says for all.
/// @throws Error{NotFound} with the near miss if the profile names clusters, but not this one.
ClusterProfile cluster_profile(const std::string& name);

/// One file, over what `profile` has.
void read_site_profile(const std::filesystem::path& file, SiteProfile& profile);

}  // namespace foldstream::apps
