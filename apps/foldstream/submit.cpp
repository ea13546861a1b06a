// `submit`, `cancel`: a campaign as one job of SLURM.
#include "commands.hpp"
#include "job_script.hpp"
#include "plan_need.hpp"
#include "progress.hpp"
#include "results_folder.hpp"
#include "run_folder.hpp"
#include "shell.hpp"
#include "site.hpp"

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

struct SubmitOptions {
  CampaignOptions campaign;
  JobRequest job;
  std::string launcher = "auto";
  bool is_dry = false;
};

void check_slurm(const std::string& program) {
  if (!has_program(program))
    throw Error(ErrorKind::NotFound, program +
                                         " is not on the PATH: this is no machine from which SLURM "
                                         "jobs are submitted. '--dry-run' shows the script.");
}

Launcher mpirun_here() {
  const std::string version = output_of("mpirun --version").text;
  if (version.find("Open MPI) 4") != std::string::npos) return Launcher::open_mpi_4;
  return version.find("Open MPI") != std::string::npos ? Launcher::open_mpi_5 : Launcher::hydra;
}

/// How the ranks of the job are started.
Launcher launcher_of(const SubmitOptions& options) {
  if (options.job.nodes * options.job.ranks_per_node == 1) return Launcher::none;
#ifndef FOLDSTREAM_HAS_MPI
  throw Error(ErrorKind::Unsupported,
              "this foldstream was built without MPI: it runs as one rank. Use --nodes 1 "
              "--ranks-per-node 1.");
#endif
  if (options.launcher == "mpirun") return mpirun_here();
  if (options.launcher == "srun") return Launcher::srun;
  const bool has_pmix = output_of("srun --mpi=list").text.find("pmix") != std::string::npos;
  return has_pmix ? Launcher::srun : mpirun_here();
}

/// SLURM's hours:minutes:seconds of what the plan takes, with slack.
std::string time_of(double seconds) {
  const auto minutes =
      static_cast<long>(std::ceil(std::max(least_minutes, time_slack * seconds / 60)));
  return fmt::format("{}:{:02}:00", minutes / 60, minutes % 60);
}

void fill_request(SubmitOptions& options, const std::vector<std::string>& words) {
  JobRequest& job = options.job;
  const int ranks = job.nodes * job.ranks_per_node;
  const PlanNeed need = plan_need(options.campaign, ranks, job.nodes * job.gpus_per_node);
  const std::uint64_t node_bytes = need.rank_bytes * static_cast<std::uint64_t>(job.ranks_per_node);
  job.node_megabytes =
      static_cast<int>(memory_slack * static_cast<double>(node_bytes) / (1 << 20)) + 1;
  if (job.time.empty()) job.time = time_of(need.seconds);
  fmt::print(stderr,
             "{} targets, {} of CPU time; on {} node{} of {} rank{}: about {}, {} on a node\n",
             need.targets, clock_text(need.cpu_seconds), job.nodes, job.nodes == 1 ? "" : "s",
             job.ranks_per_node, job.ranks_per_node == 1 ? "" : "s", clock_text(need.seconds),
             bytes_text(static_cast<double>(node_bytes)));
  fmt::print(stderr,
             "asked for: {}, {} MB on a node; it drains {} s before its end and goes on later\n",
             job.time, job.node_megabytes, job.drain_seconds);
  job.folder = fs::current_path();
  job.out = fs::absolute(options.campaign.out).lexically_normal();
  job.threads = options.campaign.threads;
  job.is_shared = options.campaign.is_shared;
  if (job.name.empty()) job.name = "foldstream-" + options.campaign.input.stem().string();
  const SiteProfile& site = site_profile();
  for (const auto& [own, of_site] :
       {std::pair(&job.partition, &site.partition), std::pair(&job.account, &site.account),
        std::pair(&job.qos, &site.qos)})
    if (own->empty()) *own = *of_site;
  if (options.launcher == "auto" && !site.launcher.empty()) options.launcher = site.launcher;
  job.launcher = launcher_of(options);
  job.modules = site.modules;
  job.program = {fs::read_symlink("/proc/self/exe").string()};
  if (!site.image.empty()) {
    job.program = {"apptainer", "exec"};
    if (job.gpus_per_node > 0) job.program.push_back("--nv");
    job.program.insert(job.program.end(), {site.image.string(), "foldstream"});
  }
  job.arguments = {"run", options.campaign.workflow, fs::absolute(options.campaign.input).string()};
  job.arguments.insert(job.arguments.end(), words.begin(), words.end());
  if (!options.campaign.shard.empty())
    job.arguments.insert(job.arguments.end(), {"--shard", options.campaign.shard});
  job.arguments.insert(job.arguments.end(), {"--out", job.out.string()});
}

/// From job.json; none if there is no such file.
std::vector<std::string> submitted_jobs(const fs::path& run) {
  const fs::path file = run / "job.json";
  if (!fs::exists(file)) return {};
  try {
    return nlohmann::json::parse(io::read_text_file(file)).at("jobs");
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::Parse,
                file.string() + ": " + error.what() + ". Use scancel, and remove it.");
  }
}

int submit(SubmitOptions options, const std::vector<std::string>& words) {
  fill_request(options, words);
  const std::string script = job_script(options.job);
  if (options.is_dry) {
    fmt::print("{}", script);
    return all_done;
  }
  check_slurm("sbatch");
  claim_results_folder(options.job.out, options.campaign.input);
  fs::remove(options.job.out / "cancel");
  const fs::path file = options.job.out / "job.sh";
  io::write_file_atomically(file, script);
  const Output sbatch = output_of("sbatch --parsable " + shell_quoted(file.string()));
  if (sbatch.code != 0)
    throw Error(ErrorKind::InvalidArgument, "sbatch refused the job: " + sbatch.text +
                                                ". The script is " + file.string() + ".");
  const std::string job = sbatch.text.substr(sbatch.text.rfind('\n') + 1);
  const std::string number = job.substr(0, job.find(';'));
  std::vector<std::string> numbers;  // of all that share the folder
  if (options.campaign.is_shared) numbers = submitted_jobs(options.job.out);
  numbers.push_back(number);
  io::write_file_atomically(options.job.out / "job.json",
                            nlohmann::json{{"jobs", numbers}}.dump() + "\n");
  fmt::print("{}\n", number);
  fmt::print(stderr, "submitted; see 'foldstream status {}'\n",
             shell_quoted(options.campaign.out.string()));
  return all_done;
}

int cancel(const fs::path& run) {
  const std::vector<std::string> jobs = submitted_jobs(run);
  if (jobs.empty())
    throw Error(ErrorKind::NotFound, run.string() + ": was not submitted: it has no job.json.");
  check_slurm("scancel");
  io::write_file_atomically(run / "cancel", "");  // so that no job is queued again
  std::string refusal;
  int stopped = 0;
  for (const std::string& job : jobs) {
    output_of("scancel --state=PENDING " + shell_quoted(job));
    const Output running = output_of("scancel --batch --signal=USR1 " + shell_quoted(job));
    if (running.code != 0) {
      refusal = "scancel refused job " + job + ": " + running.text;
      continue;
    }
    ++stopped;
    fmt::print("job {} stops and is not queued again; what is finished is kept\n", job);
  }
  if (stopped == 0)
    throw Error(ErrorKind::InvalidArgument, refusal);  // those that have ended are refused
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
  command->add_option("--nodes", job.nodes, "of the job")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group(group);
  command->add_option("--ranks-per-node", job.ranks_per_node, "MPI ranks on each")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group(group);
  command->add_option("--gpus-per-node", job.gpus_per_node, "devices on each")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber)
      ->group(group);
  command
      ->add_option("--time", job.time, "limit in SLURM's form; default: twice what the plan takes")
      ->group(group);
  command->add_option("--partition", job.partition, "of the cluster")->group(group);
  command->add_option("--account", job.account, "that is charged")->group(group);
  command->add_option("--qos", job.qos, "quality of service")->group(group);
  command->add_option("--job-name", job.name, "default: foldstream-INPUT")->group(group);
  command
      ->add_option("--drain-seconds", job.drain_seconds,
                   "before the time limit: stop, and queue the job again")
      ->capture_default_str()
      ->check(CLI::Range(10, 3600))
      ->group(group);
  command
      ->add_option("--launcher", options->launcher,
                   "srun (with PMIx), mpirun, or auto: srun where it has PMIx")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "srun", "mpirun"}))
      ->group(group);
  command
      ->add_option("--sbatch-arg", job.sbatch_args,
                   "one more option of sbatch: --sbatch-arg=--constraint=fast")
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

  CLI::App* cancels = app.add_subcommand(
      "cancel", "Stop the job of a submitted campaign; what is finished is kept");
  const auto run = std::make_shared<fs::path>();
  cancels->add_option("RUN", *run, "folder that --out of the submission named")->required();
  cancels->footer("Example:\n  foldstream cancel run1");
  cancels->callback([&action, run] { action = [run] { return cancel(*run); }; });
}

}  // namespace foldstream::apps
