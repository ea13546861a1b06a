#include "job_script.hpp"

#include <foldstream/error.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

namespace foldstream::apps {
namespace {

/// Of a #SBATCH line, which ends with the line and knows no quotes that are safe everywhere.
void check_line(const std::string& option, const std::string& value) {
  if (std::ranges::any_of(value, [](unsigned char c) { return std::iscntrl(c) != 0 || c == '"'; }))
    throw Error(ErrorKind::InvalidArgument,
                option + ": '" + value + "' has a quote or a line break in it.");
}

class Lines {
 public:
  void option(const std::string& name, const std::string& value) {
    if (value.empty()) return;
    check_line(name, value);
    const bool needs_quotes = value.find_first_of(" #") != std::string::npos;
    text_ += "#SBATCH " + name + "=" + (needs_quotes ? '"' + value + '"' : value) + "\n";
  }
  void option(const std::string& name, int value) {
    if (value > 0) option(name, std::to_string(value));
  }
  void whole(const std::string& argument) {
    check_line("--sbatch-arg", argument);
    text_ += "#SBATCH " + argument + "\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string command_line(const JobRequest& request) {
  std::string line;
  for (const auto* words : {&request.program, &request.arguments})
    for (const std::string& word : *words) line += (line.empty() ? "" : " ") + shell_quoted(word);
  return line;
}

/// One step over all parts: one world of ranks, those of the first part first.
std::string srun_line(const JobRequest& request) {
  std::string line;
  for (std::size_t i = 0; i < request.parts.size(); ++i) {
    const JobPart& part = request.parts[i];
    line += i == 0 ? "srun --mpi=pmix" : " \\\n  :";
    if (request.parts.size() > 1) line += fmt::format(" --het-group={}", i);
    line += fmt::format(" --nodes={} --ntasks={} --ntasks-per-node={} --kill-on-bad-exit=0 {}",
                        part.nodes, part.ranks(), part.ranks_per_node, command_line(request));
  }
  return line;
}

std::string launch_line(const JobRequest& request) {
  const int ranks = request.parts.front().ranks(), per_node = request.parts.front().ranks_per_node;
  std::string line;
  switch (request.launcher) {
    case Launcher::none:
      return command_line(request);
    case Launcher::srun:
      return srun_line(request);
    case Launcher::open_mpi_4:
      // where mpirun itself is told to end, ranks have 10 s to drain; it would wait as long, twice,
      // for a rank that ends with another code than 0
      line = fmt::format(
          "mpirun --enable-recovery --mca odls_base_sigkill_timeout 10 --bind-to none"
          " --oversubscribe -n {} --map-by ppr:{}:node"
          " bash -c 'trap \"\" USR1 TERM; \"$@\"; exit 0' bash",
          ranks, per_node);
      break;
    case Launcher::open_mpi_5:
      line = fmt::format(
          "mpirun --with-ft ulfm --bind-to none --oversubscribe -n {} --map-by ppr:{}:node", ranks,
          per_node);
      break;
    case Launcher::hydra:
      line = fmt::format("mpirun -n {} -ppn {}", ranks, per_node);
      break;
  }
  return line + " " + command_line(request);
}

void add_part(Lines& lines, const JobRequest& request, const JobPart& part) {
  lines.option("--nodes", part.nodes);
  lines.option("--ntasks-per-node", part.ranks_per_node);
  lines.option("--cpus-per-task", request.threads);
  lines.option("--gpus-per-node", part.gpus_per_node);
  if (part.node_megabytes > 0) lines.option("--mem", fmt::format("{}M", part.node_megabytes));
  lines.option("--time", request.time);
  lines.option("--partition", part.partition);
  lines.option("--account", request.account);
  lines.option("--qos", request.qos);
  for (const std::string& argument : part.sbatch_args) lines.whole(argument);
}

}  // namespace

std::string shell_quoted(const std::string& word) {
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("_-./:=,+@%").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!word.empty() && std::ranges::all_of(word, is_plain)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string{c};
  return quoted + "'";
}

std::string job_script(const JobRequest& request) {
  Lines lines;
  lines.option("--job-name", request.name);
  lines.option("--chdir", request.folder.string());
  lines.option("--output", (request.out / "job-%j.log").string());
  lines.whole("--open-mode=append");
  lines.whole("--requeue");
  lines.option("--signal", fmt::format("B:USR1@{}", request.drain_seconds));
  for (std::size_t i = 0; i < request.parts.size(); ++i) {
    if (i > 0) lines.whole("hetjob");
    add_part(lines, request, request.parts[i]);
  }
  const auto quoted = [&](const char* name) { return shell_quoted((request.out / name).string()); };
  // launchers lose exit codes; a job that never began has no status that is newer than its start
  std::string status, modules;
  for (const std::string& word : request.program) status += shell_quoted(word) + " ";
  status += "status --exit-code ";
  for (const std::string& module : request.modules)
    modules += "module load " + shell_quoted(module) + "\n";
  const std::string out = shell_quoted(request.out.string());
  const std::string ask = request.is_shared
                              ? "if ls -d " + quoted("jobs") + "/* >/dev/null 2>&1; then\n  " +
                                    status + "--job \"$SLURM_JOB_ID\" " + out + "\n"
                              : "if [[ " + quoted("status.json") + " -nt " + quoted("job.started") +
                                    " ]]; then\n  " + status + out + "\n";
  // a shell that is no login shell may not know 'module'
  if (!modules.empty())
    modules = "\ncommand -v module >/dev/null || source /etc/profile\n" + modules;
  return "#!/bin/bash\n" + lines.text() + modules +
         "\n# one launch; a signal makes it drain, after which the job is queued again to go on\n"
         "touch " +
         quoted("job.started") + "\n" + launch_line(request) +
         " &\n"
         "step=$!\n"
         "trap 'kill -USR1 \"$step\" 2>/dev/null' USR1 TERM\n"
         "wait \"$step\"\n"
         "code=$?\n"
         "while kill -0 \"$step\" 2>/dev/null; do  # a signal ended the wait\n"
         "  wait \"$step\"\n"
         "  code=$?\n"
         "done\n" +
         ask +
         "  code=$?\n"
         "fi\n"
         "if [[ $code == 75 && ! -e " +
         quoted("cancel") +
         " ]]; then\n"
         "  echo \"job $SLURM_JOB_ID: stopped before its end; it is queued again\"\n"
         "  scontrol requeue \"$SLURM_JOB_ID\"\n"
         "fi\n"
         "exit \"$code\"\n";
}

}  // namespace foldstream::apps
