#include "commands.hpp"
#include "job_script.hpp"
#include "ranks.hpp"
#include "shell.hpp"
#include "site.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>
#include <foldstream/thread_executor.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>
#include <foldstream/workflows/refine/refine.hpp>

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#ifdef FOLDSTREAM_HAS_MPI
#include <foldstream/mpi/session.hpp>
#endif

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;

/// Prints findings; counts those that will hurt.
class Findings {
 public:
  void good(const std::string& what, const std::string& fact) { print("ok", what, fact); }
  void bad(const std::string& what, const std::string& fact) {
    print("!!", what, fact);
    ++bad_;
  }
  void note(const std::string& what, const std::string& fact) { print("  ", what, fact); }
  int bad_count() const noexcept { return bad_; }

 private:
  static void print(const char* mark, const std::string& what, const std::string& fact) {
    fmt::print("{} {:<14} {}\n", mark, what, fact);
  }
  int bad_ = 0;
};

void check_threads(Findings& findings) {
  const int usable = usable_threads();
  const int present = static_cast<int>(std::thread::hardware_concurrency());
  const std::string fact = fmt::format("{} of {} cores are open to this process", usable, present);
  if (usable < present)
    findings.bad("affinity", fact + "; start ranks with 'mpirun --bind-to none'");
  else
    findings.good("affinity", fact);
  const char* limit = std::getenv("OMP_NUM_THREADS");
  findings.note("OpenMP", limit == nullptr ? "OMP_NUM_THREADS is not set"
                                           : fmt::format("OMP_NUM_THREADS={}", limit));
}

void check_torch(Findings& findings) {
  if (!workflows::predict::torch_is_available()) {
    findings.bad("LibTorch", "not in this build; configure with -DFOLDSTREAM_WITH_TORCH=ON");
    return;
  }
  const workflows::predict::TorchInfo info = workflows::predict::torch_info();
  findings.good("LibTorch", fmt::format("{}, {} intra-op threads by itself", info.version, info.threads));
  if (info.blas_is_fast)
    findings.good("BLAS", info.blas);
  else
    findings.bad("BLAS", info.blas + ": ten times too slow; install libopenblas0-openmp");
  for (const std::string& device : info.devices) findings.good("device", device);
}

void check_openmm(Findings& findings) {
  if (workflows::refine::openmm_version().empty()) {
    findings.bad("OpenMM", "not in this build; configure with -DFOLDSTREAM_WITH_OPENMM=ON");
    return;
  }
  std::string platforms;
  for (const std::string& name : workflows::refine::openmm_platforms())
    platforms += (platforms.empty() ? "" : ", ") + name;
  findings.good("OpenMM", fmt::format("{}, platforms: {}", workflows::refine::openmm_version(), platforms));
  const std::string folder = workflows::refine::default_force_field_folder();
  if (fs::exists(fs::path(folder) / "forcefield.itp"))
    findings.good("force field", folder);
  else
    findings.bad("force field", folder + " is missing; install the package gromacs-data");
}

void check_mpi(Findings& findings) {
#ifdef FOLDSTREAM_HAS_MPI
  findings.good("MPI", mpi::library_version());
#else
  findings.note("MPI", "not in this build; configure with -DFOLDSTREAM_WITH_MPI=ON for ranks");
#endif
}

void check_scratch(Findings& findings, const fs::path& folder) {
  const fs::path probe = folder / fmt::format(".foldstream-doctor-{}", getpid());
  try {
    io::write_file_atomically(probe, "probe\n");
    std::error_code problem;
    fs::remove(probe, problem);
    const fs::space_info space = fs::space(folder, problem);
    findings.good("scratch", fmt::format("{} is writable, {:.1f} GB free", folder.string(),
                                         static_cast<double>(space.available) / 1e9));
  } catch (const Error& error) {
    findings.bad("scratch", error.what());
  }
}

void check_path(Findings& findings, const std::string& what, const fs::path& path) {
  if (path.empty()) return;
  if (fs::exists(path) && access(path.c_str(), R_OK) == 0)
    findings.good(what, path.string());
  else
    findings.bad(what, path.string() + " is not there, or not readable, on this node");
}

void check_program(Findings& findings, const std::string& what, const std::string& program) {
  if (has_program(program))
    findings.good(what, program);
  else
    findings.bad(what, program + " is not on the PATH");
}

void check_modules(Findings& findings, const std::vector<std::string>& modules) {
  for (const std::string& module : modules) {
    const Output loaded = output_of("bash -lc 'module load \"$0\"' " + shell_quoted(module));
    if (loaded.code == 0)
      findings.good("module", module);
    else
      findings.bad("module", module + " cannot be loaded: " + loaded.text.substr(0, loaded.text.find('\n')));
  }
}

void check_writable(Findings& findings, const std::string& what, const fs::path& path) {
  if (path.empty()) return;
  const fs::path asked = fs::exists(path) ? path : path.parent_path();
  if (access(asked.c_str(), W_OK) == 0)
    findings.good(what, path.string());
  else
    findings.bad(what, path.string() + " cannot be written by this user");
}

/// What the site's profile names.
void check_site(Findings& findings) {
  const SiteProfile& site = site_profile();
  if (site.files.empty()) {
    findings.bad("site", "there is no profile: /etc/foldstream/site.yaml, ~/.config/foldstream/site.yaml");
    return;
  }
  for (const fs::path& file : site.files) findings.good("site", file.string());
  if (!site.launcher.empty()) check_program(findings, "launcher", site.launcher);
  if (!site.partition.empty() && has_program("sinfo")) {
    const Output nodes = output_of("sinfo --noheader --format=%D --partition=" + shell_quoted(site.partition));
    if (nodes.code == 0 && !nodes.text.empty())
      findings.good("partition", site.partition + ", nodes: " + nodes.text);
    else
      findings.bad("partition", "SLURM knows no partition '" + site.partition + "'");
  }
  check_modules(findings, site.modules);
  check_path(findings, "database", site.database);
  check_path(findings, "models", site.models_dir);
  check_path(findings, "image", site.image);
  if (!site.image.empty()) check_program(findings, "container", "apptainer");
  check_writable(findings, "audit", site.audit);
  check_writable(findings, "quota", site.quota_folder);
}

/// The same on a node of the site's partition, in a job of its own.
int doctor_on_node() {
  const SiteProfile& site = site_profile();
  std::string command = "srun --quiet --nodes=1 --ntasks=1 --time=5 --job-name=foldstream-doctor";
  for (const auto& [option, value] : {std::pair("partition", site.partition), std::pair("account", site.account)})
    if (!value.empty()) command += fmt::format(" --{}={}", option, shell_quoted(value));
  const Output found =
      output_of(command + " " + shell_quoted(fs::read_symlink("/proc/self/exe").string()) + " doctor --site");
  fmt::print("on a compute node:\n{}\n", found.text);
  return found.code;
}

int doctor(const std::string& given_scratch, bool with_site) {
  const bool is_in_job = std::getenv("SLURM_JOB_ID") != nullptr;
  if (with_site && !is_in_job && output_of("sinfo --noheader").code == 0) return doctor_on_node();
  const std::string scratch =
      given_scratch.empty() && with_site ? site_profile().scratch.string() : given_scratch;
  Findings findings;
  findings.good("foldstream", version_text());
  check_threads(findings);
  check_torch(findings);
  check_openmm(findings);
  check_mpi(findings);
  check_scratch(findings, scratch.empty() ? fs::temp_directory_path() : fs::path(scratch));
  if (with_site) check_site(findings);
  fmt::print("\n{}\n", findings.bad_count() == 0
                           ? "nothing stands in the way of a run"
                           : fmt::format("{} lines marked !! want your attention", findings.bad_count()));
  return findings.bad_count() == 0 ? all_done : bad_input;
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "doctor", "Check this machine: versions, BLAS, threads, MPI, devices, scratch");
  const auto scratch = std::make_shared<std::string>();
  command->add_option("--scratch", *scratch, "folder to check; default: the system's temporary one");
  const auto with_site = std::make_shared<bool>(false);
  command->add_flag("--site", *with_site,
                    "what the site's profile names too; from a login node of SLURM, all on a compute node");
  command->footer("Examples:\n  foldstream doctor --scratch /scratch/$USER\n  foldstream doctor --site");
  command->callback([&action, scratch, with_site] {
    action = [scratch, with_site] { return doctor(*scratch, *with_site); };
  });
}

}  // namespace foldstream::apps
