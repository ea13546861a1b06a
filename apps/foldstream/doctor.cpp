#include "commands.hpp"
#include "ranks.hpp"

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

int doctor(const std::string& scratch) {
  Findings findings;
  findings.good("foldstream", version_text());
  check_threads(findings);
  check_torch(findings);
  check_openmm(findings);
  check_mpi(findings);
  check_scratch(findings, scratch.empty() ? fs::temp_directory_path() : fs::path(scratch));
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
  command->footer("Example:\n  foldstream doctor --scratch /scratch/$USER");
  command->callback([&action, scratch] { action = [scratch] { return doctor(*scratch); }; });
}

}  // namespace foldstream::apps
