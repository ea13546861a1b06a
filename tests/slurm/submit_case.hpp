// Jobs of a real SLURM controller with three nodes, which all tests of a program share.
#pragma once

#include "apps/command.hpp"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace foldstream::test {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

inline constexpr const char* cluster = "'" FOLDSTREAM_SOURCE_DIR "/tests/slurm/cluster.sh' ";

/// One cluster for all tests of this file.
class Cluster : public testing::Environment {
 public:
  static bool is_up() { return is_up_; }
  static std::string path() { return folder_->path(); }

  void SetUp() override {
    if (geteuid() != 0 || std::system("command -v slurmctld slurmd munged mpirun >/dev/null") != 0)
      return;
    folder_ = std::make_unique<TemporaryFolder>();
    const std::string path = folder_->path();
    setenv("SLURM_CONF", (path + "/slurm.conf").c_str(), 1);
    setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
    setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
    setenv("OMPI_MCA_btl_tcp_if_include", "lo", 1);  // all nodes are this host
    // a machine may forbid what a controller or its nodes need
    is_up_ = std::system((cluster + ("start '" + path + "' 3")).c_str()) == 0 &&
             std::system(
                 "timeout 60 salloc --quiet --nodes=2 --ntasks-per-node=1 "
                 "mpirun --oversubscribe -n 2 true </dev/null") == 0;
  }
  void TearDown() override {
    if (folder_) std::system((cluster + ("stop '" + folder_->path().string() + "'")).c_str());
  }

 private:
  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline bool is_up_ = false;
};

inline const testing::Environment* const environment = testing::AddGlobalTestEnvironment(new Cluster);

class Submit : public testing::Test {
 protected:
  void SetUp() override {
    if (!Cluster::is_up())
      GTEST_SKIP() << "needs root, slurm-wlm, munge and mpirun, and a machine that lets them run";
  }

  Finished run(const std::string& command) { return shell(folder_.path(), command); }

  /// Alignments of the demo's family, one for each target.
  std::string write_targets(int count) {
    fs::create_directories(folder_.path() / "msa");
    std::string fasta;
    for (int i = 0; i < count; ++i) {
      const std::string name = "t" + std::to_string(i);
      fasta += demo_query(name);
      folder_.write("msa/" + name + ".a3m", demo_alignment(name, 40, i));
    }
    folder_.write("many.fasta", fasta);
    return "fold many.fasta --msa msa" + quick;
  }

  std::string submit(const std::string& arguments) {
    const Finished submitted = run("foldstream submit " + arguments + " --threads 1");
    EXPECT_EQ(submitted.code, 0) << submitted.err;
    return submitted.out.substr(0, submitted.out.find('\n'));
  }

  std::string state_of(const std::string& job) {
    const std::string text = run("scontrol show job " + job).out;
    const std::size_t at = text.find("JobState=");
    return at == std::string::npos ? ""
                                   : text.substr(at + 9, text.find_first_of(" \n", at) - at - 9);
  }

  /// Waits until `holds`, at most `seconds`.
  template <class Condition>
  bool await(double seconds, const Condition& holds) {
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    while (Clock::now() < end) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    return false;
  }
  bool await_state(const std::string& job, const std::string& state, double seconds) {
    return await(seconds, [&] { return state_of(job) == state; });
  }

  Json status(const std::string& out) {
    const Finished shown = run("foldstream status --json " + out);
    return shown.code == 0 ? Json::parse(shown.out) : Json{{"state", "none"}};
  }
  /// From the file, which is quicker to ask than the command.
  int done(const std::string& out) {
    const fs::path file = folder_.path() / out / "status.json";
    return fs::exists(file) ? Json::parse(read_text(file)).at("targets").at("done").get<int>() : 0;
  }
  std::string log(const std::string& out, const std::string& job) {
    const fs::path file = folder_.path() / out / ("job-" + job + ".log");
    return fs::exists(file) ? read_text(file) : "";
  }

  /// A job that has some targets done, in the folder "cluster".
  std::string start_on_two_nodes(const std::string& fold, const std::string& launcher = "mpirun") {
    const std::string job = submit(fold + "--nodes 2 --launcher " + launcher + " --out cluster");
    EXPECT_TRUE(await(60, [&] { return done("cluster") >= 2; })) << log("cluster", job);
    return job;
  }

  /// Every task of every target was computed once, over all lives together.
  void expect_nothing_ran_twice(const Json& status, int targets) {
    int computed = 0, needed = 0;
    for (const Json& task : status.at("tasks"))
      needed += task.at("others").get<int>() == 0 ? targets : 0;  // the others were given
    for (const Json& life : status.at("lives")) computed += life.at("computed").get<int>();
    EXPECT_EQ(computed, needed) << status.dump(2);
  }

  TemporaryFolder folder_;
};

}  // namespace foldstream::test
