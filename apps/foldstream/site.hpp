// SiteProfile: what a site says once for all who run there (docs/hpc.md).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace foldstream::apps {

struct SiteProfile {
  std::string name;
  std::string partition, account, qos;
  std::string launcher;              ///< "srun", "mpirun"; empty: auto
  std::vector<std::string> modules;  ///< that a job loads first
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

/// One file, over what `profile` has.
void read_site_profile(const std::filesystem::path& file, SiteProfile& profile);

}  // namespace foldstream::apps
