// `submit`, `cancel`: a campaign as one job of SLURM.
#include "commands.hpp"
#include "job_script.hpp"
#include "joint_status.hpp"
#include "plan_need.hpp"
#include "progress.hpp"
#include "results_folder.hpp"
#include "run_folder.hpp"
#include "shell.hpp"
#include "site.hpp"
#include "slurm_jobs.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <memory>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;

constexpr double memory_slack = 1.25;  // of the plan's estimate
constexpr double time_slack = 2;
constexpr double least_minutes = 10;
constexpr double drain_slack = 3;
constexpr int least_drain = 60;  // s

struct SubmitOptions {
  CampaignOptions campaign;
  JobRequest job;
  JobPart main;  ///< nodes, those with devices where there are cpu.nodes too
  JobPart cpu{.nodes = 0};
  std::string launcher = "auto";
  std::vector<std::string> clusters;  ///< none: the one that this machine belongs to
  bool is_dry = false;
};

Launcher mpirun_here() {
  const std::string version = output_of("mpirun --version").text;
  if (version.find("Open MPI) 4") != std::string::npos) return Launcher::open_mpi_4;
  return version.find("Open MPI") != std::string::npos ? Launcher::open_mpi_5 : Launcher::hydra;
}

/// How the ranks of the job are started.
Launcher launcher_of(const SubmitOptions& options, const std::string& chosen) {
  const bool has_parts = options.job.parts.size() > 1;
  if (!has_parts && options.main.ranks() == 1) return Launcher::none;
#ifndef FOLDSTREAM_HAS_MPI
  throw Error(ErrorKind::Unsupported,
              "this foldstream was built without MPI: it runs as one rank. Use --nodes 1 "
              "--ranks-per-node 1.");
#endif
  if (chosen == "srun") return Launcher::srun;
  const bool has_pmix = chosen == "auto" &&
                        output_of("srun --mpi=list").text.find("pmix") != std::string::npos;
  if (has_pmix) return Launcher::srun;
  if (has_parts)
    throw Error(ErrorKind::Unsupported,
                "--cpu-nodes makes a job of two parts, over which only srun with PMIx starts ranks. "
                "Use --launcher srun, or leave --cpu-nodes out.");
  return mpirun_here();
}

/// SLURM's hours:minutes:seconds of what the plan takes, with slack.
std::string time_of(double seconds) {
  const auto minutes =
      static_cast<long>(std::ceil(std::max(least_minutes, time_slack * seconds / 60)));
  return fmt::format("{}:{:02}:00", minutes / 60, minutes % 60);
}

std::string text_of(const JobPart& part) {
  const auto ending = [](int count) { return count == 1 ? "" : "s"; };
  std::string text = fmt::format("{} node{} of {} rank{}", part.nodes, ending(part.nodes),
                                 part.ranks_per_node, ending(part.ranks_per_node));
  if (part.gpus_per_node > 0)
    text += fmt::format(" and {} device{}", part.gpus_per_node, ending(part.gpus_per_node));
  return text + fmt::format(", {} MB on each", part.node_megabytes);
}

/// More ranks than this would wait for the longest target. At least 1.
int useful_ranks(const PlanNeed& need) {
  const double of_rank = std::max(1e-9, need.longest_seconds) * need.threads;
  return std::max(1, static_cast<int>(std::min(1e6, std::ceil(need.cpu_seconds / of_rank))));
}

/// Before the time limit: ample for what earlier lives of the campaign took to stop.
int drain_seconds_of(const fs::path& out) {
  double longest = 0;
  try {
    for (const Life& life : campaign_status(out).lives)
      longest = std::max(longest, life.drain_seconds);
  } catch (const Error&) {  // there was none, or what it told is lost
  }
  return std::max(least_drain, static_cast<int>(std::ceil(drain_slack * longest)));
}

/// What the plan says of the job: its parts, its time, and who does what in it.
void fill_parts(SubmitOptions& options) {
  JobRequest& job = options.job;
  const PlannedRanks ranks{options.main.ranks(), options.main.nodes * options.main.gpus_per_node,
                           options.cpu.ranks()};
  const PlanNeed need = plan_need(options.campaign, ranks);
  job.parts = {options.main};
  if (options.cpu.nodes > 0) job.parts.push_back(options.cpu);
  fmt::print(stderr, "{} targets, {} of CPU time; asked for:\n", need.targets,
             clock_text(need.cpu_seconds));
  for (JobPart& part : job.parts) {
    const double bytes = memory_slack * static_cast<double>(need.rank_bytes) * part.ranks_per_node;
    part.node_megabytes = static_cast<int>(bytes / (1 << 20)) + 1;
    fmt::print(stderr, "  {}\n", text_of(part));
  }
  if (job.time.empty()) job.time = time_of(need.seconds);
  if (job.drain_seconds == 0) job.drain_seconds = drain_seconds_of(options.campaign.out);
  fmt::print(stderr, "  {} for what takes about {}; it drains {} s before its end, to go on later\n",
             job.time, clock_text(need.seconds), job.drain_seconds);
  if (job.parts.size() == 1)
    fmt::print(stderr, "  up to {} rank{} would be busy: the longest target alone takes {}\n",
               useful_ranks(need), useful_ranks(need) == 1 ? "" : "s",
               clock_text(need.longest_seconds));
  if (need.roles.empty()) return;
  fmt::print(stderr, "  roles of ranks: {}\n", need.roles);
  job.arguments = {"--roles", need.roles};
}

/// The job as one cluster is asked for it.
JobRequest request_for(const std::string& name, const SubmitOptions& options) {
  JobRequest job = options.job;
  const ClusterProfile cluster = cluster_profile(name);
  for (const auto& [own, of_cluster] :
       {std::pair(&job.parts.front().partition, &cluster.partition),
        std::pair(&job.account, &cluster.account), std::pair(&job.qos, &cluster.qos)})
    if (own->empty()) *own = *of_cluster;
  if (job.parts.back().partition.empty()) job.parts.back().partition = cluster.partition;
  const bool is_open = options.launcher == "auto" && !cluster.launcher.empty();
  job.launcher = launcher_of(options, is_open ? cluster.launcher : options.launcher);
  job.modules = cluster.modules;
  return job;
}

/// What all clusters are asked for alike.
void fill_request(SubmitOptions& options, const std::vector<std::string>& words) {
  JobRequest& job = options.job;
  fill_parts(options);
  job.folder = fs::current_path();
  job.out = fs::absolute(options.campaign.out).lexically_normal();
  job.threads = options.campaign.threads;
  job.is_shared = options.campaign.is_shared;
  if (job.name.empty()) job.name = "foldstream-" + options.campaign.input.stem().string();
  job.program = {fs::read_symlink("/proc/self/exe").string()};
  if (const fs::path& image = site_profile().image; !image.empty()) {
    job.program = {"apptainer", "exec"};
    if (options.main.gpus_per_node > 0) job.program.push_back("--nv");
    job.program.insert(job.program.end(), {image.string(), "foldstream"});
  }
  job.arguments.insert(job.arguments.begin(),
                       {"run", options.campaign.workflow,
                        fs::absolute(options.campaign.input).string()});
  job.arguments.insert(job.arguments.end(), words.begin(), words.end());
  if (!options.campaign.shard.empty())
    job.arguments.insert(job.arguments.end(), {"--shard", options.campaign.shard});
  job.arguments.insert(job.arguments.end(), {"--out", job.out.string()});
}

/// The campaign as one job of one cluster, which is recorded. @returns its number.
std::string submit_to(const std::string& cluster, const SubmitOptions& options,
                      const std::string& script) {
  const fs::path& out = options.job.out;
  const fs::path file =
      out / (cluster.empty() ? "job.sh" : "job-" + io::safe_file_name(cluster) + ".sh");
  io::write_file_atomically(file, script);
  const Output sbatch =
      output_of(slurm_command(cluster, "sbatch") + " --parsable " + shell_quoted(file.string()));
  if (sbatch.code != 0)
    throw Error(ErrorKind::InvalidArgument, "sbatch refused the job: " + sbatch.text +
                                                ". The script is " + file.string() + ".");
  const std::string job = sbatch.text.substr(sbatch.text.rfind('\n') + 1);
  std::vector<SlurmJob> jobs;  // of all that share the folder
  if (options.campaign.is_shared) jobs = submitted_jobs(out);
  jobs.push_back({job.substr(0, job.find(';')), cluster});
  write_submitted_jobs(out, jobs);
  return jobs.back().number;
}

int submit(SubmitOptions options, std::vector<std::string> words) {
  std::vector<std::string> clusters = options.clusters;
  if (clusters.empty()) clusters = {""};
  if (clusters.size() > 1 && !options.campaign.is_shared) {
    options.campaign.is_shared = true;
    words.push_back("--share");
  }
  fill_request(options, words);
  std::vector<std::string> scripts;
  for (const std::string& cluster : clusters)
    scripts.push_back(job_script(request_for(cluster, options)));
  if (options.is_dry) {
    for (const std::string& script : scripts) fmt::print("{}", script);
    return all_done;
  }
  check_slurm("sbatch");
  claim_results_folder(options.job.out, options.campaign.input);
  fs::remove(options.job.out / "cancel");
  for (std::size_t i = 0; i < clusters.size(); ++i)
    fmt::print("{}\n", submit_to(clusters[i], options, scripts[i]));
  fmt::print(stderr, "submitted; see 'foldstream status {}'\n",
             shell_quoted(options.campaign.out.string()));
  return all_done;
}

}  // namespace

void add_submit(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("submit", "Run a workflow as one job of SLURM");
  const auto options = std::make_shared<SubmitOptions>();
  command->add_option("WORKFLOW", options->campaign.workflow, "packaged workflow, or a YAML file")
      ->required();
  add_campaign_options(*command, options->campaign);
  const CLI::App* made = command;
  const std::vector<const CLI::Option*> of_campaign = made->get_options();
  JobRequest& job = options->job;
  const std::string group = "Job";
  JobPart& main = options->main;
  JobPart& cpu = options->cpu;
  command->add_option("--nodes", main.nodes, "of the job")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group(group);
  command->add_option("--ranks-per-node", main.ranks_per_node, "MPI ranks on each")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group(group);
  command->add_option("--gpus-per-node", main.gpus_per_node, "devices on each")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber)
      ->group(group);
  command
      ->add_option("--cpu-nodes", cpu.nodes,
                   "further nodes, without devices, in the same job: what has no use for a device "
                   "runs there (a heterogeneous job; needs srun)")
      ->check(CLI::NonNegativeNumber)
      ->group(group);
  command->add_option("--cpu-ranks-per-node", cpu.ranks_per_node, "MPI ranks on each of them")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group(group);
  command->add_option("--cpu-partition", cpu.partition, "of these nodes; default: as the others")
      ->group(group);
  command
      ->add_option("--time", job.time, "limit in SLURM's form; default: twice what the plan takes")
      ->group(group);
  command->add_option("--partition", main.partition, "of the cluster")->group(group);
  command
      ->add_option("--cluster", options->clusters,
                   "names from the site profile, or that SLURM knows: a job on each, a,b; several "
                   "share --out, which all must see")
      ->delimiter(',')
      ->group(group);
  command->add_option("--account", job.account, "that is charged")->group(group);
  command->add_option("--qos", job.qos, "quality of service")->group(group);
  command->add_option("--job-name", job.name, "default: foldstream-INPUT")->group(group);
  command
      ->add_option("--drain-seconds", job.drain_seconds,
                   "before the time limit: stop, and queue the job again; default: 60, or three "
                   "times what earlier lives in --out took to stop")
      ->check(CLI::Range(10, 3600))
      ->group(group);
  command
      ->add_option("--launcher", options->launcher,
                   "srun (with PMIx), mpirun, or auto: srun where it has PMIx")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "srun", "mpirun"}))
      ->group(group);
  command
      ->add_option("--sbatch-arg", main.sbatch_args,
                   "one more option of sbatch: --sbatch-arg=--constraint=fast")
      ->group(group);
  command
      ->add_option("--cpu-sbatch-arg", cpu.sbatch_args, "one more option of sbatch for --cpu-nodes")
      ->group(group);
  command->add_flag("--dry-run", options->is_dry, "print the script; submit nothing")->group(group);
  command->footer(
      "The plan says how much memory and time the job asks for. The script is kept as OUT/job.sh, "
      "the log as\n"
      "OUT/job-ID.log. Before its time limit, or when it is preempted, the job stores what it has "
      "and is\n"
      "queued again. Submit again to go on after 'foldstream cancel OUT'.\n\n"
      "Examples:\n"
      "  foldstream submit fold many.fasta --database uniref.fsdb --nodes 4 --time 12:00:00 --out "
      "run1\n"
      "  foldstream submit esmfold many.fasta --model esmfold_v1 --gpus-per-node 4 "
      "--ranks-per-node 4 --dry-run");
  command->callback([&action, options, of_campaign] {
    action = [options, of_campaign] { return submit(*options, campaign_words(of_campaign)); };
  });
}

}  // namespace foldstream::apps
