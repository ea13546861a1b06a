// Job script: what `submit` hands to SLURM.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace foldstream::apps {

enum class Launcher : std::uint8_t { none, srun, open_mpi_4, open_mpi_5, hydra };

/// Nodes of one kind.
struct JobPart {
  int nodes = 1;
  int ranks_per_node = 1;
  int gpus_per_node = 0;
  std::string partition = {};
  int node_megabytes = 0;                ///< 0: as the site gives
  std::vector<std::string> sbatch_args = {};  ///< "--constraint=fast"

  int ranks() const { return nodes * ranks_per_node; }
};

struct JobRequest {
  std::string name;
  std::filesystem::path folder;     ///< working folder of the job
  std::filesystem::path out;        ///< results folder, absolute: log and mark of a cancel
  std::vector<std::string> program; ///< foldstream, and what it runs in: a container
  std::vector<std::string> arguments;
  std::vector<std::string> modules; ///< of the site, loaded first
  std::vector<JobPart> parts = {{}};  ///< two: a heterogeneous job
  bool is_shared = false;  ///< other jobs may work on the folder too
  int threads = 0;            ///< of a rank; 0: as the site gives
  std::string time;           ///< SLURM's form: "2-00:00:00", "90"
  std::string account, qos;
  int drain_seconds = 0;      ///< before the time limit
  Launcher launcher = Launcher::none;  ///< for one rank; of several parts, srun
};

/// A bash script with #SBATCH lines. It launches once; hands SIGUSR1 and SIGTERM on as SIGUSR1, so that
/// the run drains; and has the job requeued if 'foldstream status' then says that it is not at its end.
std::string job_script(const JobRequest& request);

/// For bash: in single quotes where it needs them.
std::string shell_quoted(const std::string& word);

}  // namespace foldstream::apps
