// Campaigns as jobs of a real SLURM controller with three nodes.
#include "apps/command.hpp"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace foldstream::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr const char* cluster = "'" FOLDSTREAM_SOURCE_DIR "/tests/slurm/cluster.sh' ";

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

const testing::Environment* const environment = testing::AddGlobalTestEnvironment(new Cluster);

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
  std::string start_on_two_nodes(const std::string& fold) {
    const std::string job = submit(fold + "--nodes 2 --launcher mpirun --out cluster");
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

TEST_F(Submit, ShowsTheScriptAndSubmitsNothing) {
  const std::string fold = write_targets(2);

  const Finished dry =
      run("foldstream submit " + fold +
          "--nodes 3 --time 1:00:00 --partition main --account lab "
          "--sbatch-arg=--constraint=fast --launcher mpirun --dry-run --out 'my run'");

  ASSERT_EQ(dry.code, 0) << dry.err;
  for (const char* line :
       {"#SBATCH --nodes=3\n", "#SBATCH --time=1:00:00\n", "#SBATCH --account=lab\n",
        "#SBATCH --constraint=fast\n", "#SBATCH --signal=B:USR1@60\n", "#SBATCH --requeue\n",
        " -n 3 ", "/my run'", "--msa msa"})
    EXPECT_THAT(dry.out, HasSubstr(line));
  EXPECT_FALSE(fs::exists(folder_.path() / "my run"));
}

TEST_F(Submit, ThreeNodesGiveTheFilesOfALocalRun) {
  const std::string fold = write_targets(6);
  ASSERT_EQ(run("foldstream run " + fold + "--out local").code, 0);

  const std::string job = submit(fold + "--nodes 3 --launcher mpirun --out cluster");

  ASSERT_TRUE(await_state(job, "COMPLETED", 120)) << state_of(job) << log("cluster", job);
  expect_same_targets(folder_.path() / "local", folder_.path() / "cluster");
  const Json json = status("cluster");
  EXPECT_EQ(json.at("state"), "ended");
  EXPECT_EQ(json.at("ranks"), 3);
  EXPECT_EQ(json.at("targets").at("done"), 6);
  EXPECT_EQ(json.at("lives").at(0).at("job"), job);
  expect_nothing_ran_twice(json, 6);
}

TEST_F(Submit, AJobThatIsToldToStopGoesOnInItsNextLife) {
  const std::string fold = write_targets(10);
  ASSERT_EQ(run("foldstream run " + fold + "--out local").code, 0);
  const std::string job = start_on_two_nodes(fold);

  // what SLURM sends before the time limit
  ASSERT_EQ(run("scancel --batch --signal=USR1 " + job).code, 0);
  const auto told = Clock::now();

  ASSERT_TRUE(await(10, [&] { return status("cluster").at("state") == "drained"; }))
      << log("cluster", job);
  EXPECT_LT(Clock::now() - told, std::chrono::seconds(10));
  ASSERT_TRUE(await_state(job, "COMPLETED", 120)) << state_of(job) << log("cluster", job);
  expect_same_targets(folder_.path() / "local", folder_.path() / "cluster");
  const Json json = status("cluster");
  ASSERT_EQ(json.at("lives").size(), 2U);
  EXPECT_EQ(json.at("lives").at(0).at("end"), "drained");
  EXPECT_EQ(json.at("lives").at(0).at("cause"), "SIGUSR1");
  expect_nothing_ran_twice(json, 10);
}

TEST_F(Submit, AMoreUrgentJobTakesItsNodesAndItGoesOnLater) {
  const std::string fold = write_targets(10);
  const std::string job = start_on_two_nodes(fold);

  ASSERT_EQ(
      run("sbatch --partition=urgent --nodes=3 --exclusive --output=/dev/null --wrap 'sleep 2'")
          .code,
      0);

  ASSERT_TRUE(await_state(job, "COMPLETED", 150)) << state_of(job) << log("cluster", job);
  const Json json = status("cluster");
  EXPECT_EQ(json.at("targets").at("done"), 10);
  ASSERT_EQ(json.at("lives").size(), 2U) << json.dump(2);
  EXPECT_EQ(json.at("lives").at(0).at("end"), "drained");
  expect_nothing_ran_twice(json, 10);
}

TEST_F(Submit, ANodeIsLostAndTheControllerRestartsAndTheCampaignIsCompleted) {
  const std::string fold = write_targets(10);
  const std::string job = start_on_two_nodes(fold);

  ASSERT_EQ(run("scontrol update nodename=n2 state=down reason=test").code, 0);
  ASSERT_EQ(std::system((cluster + ("restart '" + Cluster::path() + "'")).c_str()), 0);
  run("scontrol update nodename=n2 state=resume");  // refused where it came back by itself

  ASSERT_TRUE(await_state(job, "COMPLETED", 120)) << state_of(job) << log("cluster", job);
  const Json json = status("cluster");
  EXPECT_EQ(json.at("targets").at("done"), 10);
  EXPECT_GE(json.at("lives").size(), 2U);
}

TEST_F(Submit, ARankIsKilledAndTheOthersDoItsWork) {
  const std::string fold = write_targets(10);
  const std::string job = start_on_two_nodes(fold);

  ASSERT_EQ(run("pkill -KILL --newest -f '^[^ ]*foldstream run .*" + folder_.path().string() +
                "/cluster'")
                .code,
            0);

  ASSERT_TRUE(await_state(job, "COMPLETED", 120)) << state_of(job) << log("cluster", job);
  const Json json = status("cluster");
  EXPECT_EQ(json.at("targets").at("done"), 10);
  EXPECT_EQ(json.at("lives").size(), 1U) << json.dump(2);
}

TEST_F(Submit, TwoJobsShareOneCampaignAndOneOfThemStopsAndGoesOn) {
  const std::string fold = write_family(folder_, 12);
  ASSERT_EQ(run("foldstream run " + fold + "--out local").code, 0);
  const auto share = [&] {
    const Finished submitted =
        run("foldstream submit " + fold + "--share --launcher mpirun --nodes 1 --out cluster");
    EXPECT_EQ(submitted.code, 0) << submitted.err;
    return submitted.out.substr(0, submitted.out.find('\n'));
  };
  const std::string first = share(), second = share();
  const auto both_work = [&] {
    const Json lives = status("cluster").value("lives", Json::array());
    return lives.size() == 2 && lives[0].at("computed") > 0 && lives[1].at("computed") > 0;
  };
  ASSERT_TRUE(await(60, both_work)) << log("cluster", first) << log("cluster", second);

  ASSERT_EQ(run("scancel --batch --signal=USR1 " + first).code, 0);

  ASSERT_TRUE(await_state(first, "COMPLETED", 120)) << state_of(first) << log("cluster", first);
  ASSERT_TRUE(await_state(second, "COMPLETED", 120)) << state_of(second) << log("cluster", second);
  expect_same_targets(folder_.path() / "local", folder_.path() / "cluster");
  const Json json = status("cluster");
  EXPECT_EQ(json.at("state"), "ended") << json.dump(2);
  EXPECT_EQ(json.at("targets").at("done"), 12);
  ASSERT_EQ(json.at("lives").size(), 3U) << json.dump(2);
  EXPECT_EQ(json.at("lives").at(0).at("end"), "drained");
  expect_nothing_ran_twice(json, 12);
}

TEST_F(Submit, TwoClustersSplitACampaignAndItIsMerged) {
  const std::string fold = write_family(folder_, 6);
  ASSERT_EQ(run("foldstream run " + fold + "--out local").code, 0);
  const TemporaryFolder other;  // has a controller of its own
  const std::string there = "SLURM_CONF='" + other.path().string() + "/slurm.conf' ";
  ASSERT_EQ(std::system((cluster + ("start '" + other.path().string() + "' 1")).c_str()), 0);

  const std::string submission = "foldstream submit " + fold + "--partition main ";
  const Finished here = run(submission + "--shard 1/2 --out part1");
  const Finished elsewhere = run(there + submission + "--shard 2/2 --out part2");
  const auto have_ended = [&] {
    return status("part1").at("state") == "ended" && status("part2").at("state") == "ended";
  };
  const bool ended = await(120, have_ended);
  std::system((cluster + ("stop '" + other.path().string() + "'")).c_str());
  ASSERT_TRUE(ended) << here.err << elsewhere.err;
  const Finished merged = run("foldstream merge part1 part2 --out all");

  ASSERT_EQ(merged.code, 0) << merged.err;
  expect_same_targets(folder_.path() / "local", folder_.path() / "all");
  EXPECT_EQ(fs::status(folder_.path() / "all").permissions(), fs::perms::owner_all);
  const Json json = status("all");
  EXPECT_EQ(json.at("targets").at("done"), 6);
  ASSERT_EQ(json.at("lives").size(), 3U);
  EXPECT_EQ(json.at("lives").at(2).at("computed"), 0);
  int computed = 0;
  for (const Json& life : json.at("lives")) computed += life.at("computed").get<int>();
  EXPECT_EQ(computed, 6 * 4);  // of five tasks, the search was given
}

TEST_F(Submit, TheSitesProfileIsCheckedOnAComputeNode) {
  folder_.write("site.yaml", "site: test\npartition: main\nscratch: " + folder_.path().string() +
                                 "\ndatabase: /nowhere/uniref.fsdb\nlauncher: mpirun\n");

  const Finished checked = run("export FOLDSTREAM_SITE=$PWD/site.yaml; foldstream doctor --site");

  EXPECT_EQ(checked.code, 2) << checked.err;
  EXPECT_THAT(checked.out, HasSubstr("on a compute node:"));
  EXPECT_THAT(checked.out, HasSubstr("main, nodes: 3"));
  EXPECT_THAT(checked.out, HasSubstr("/nowhere/uniref.fsdb is not there"));
  EXPECT_THAT(
      run("FOLDSTREAM_SITE=$PWD/site.yaml foldstream submit " + write_targets(1) + "--dry-run 2>&1")
          .out,
      HasSubstr("#SBATCH --partition=main"));
}

TEST_F(Submit, ACancelledJobIsNotQueuedAgainAndKeepsWhatIsFinished) {
  const std::string fold = write_targets(6);
  const std::string job = submit(fold + "--out cluster");
  ASSERT_TRUE(await(60, [&] { return done("cluster") >= 1; })) << log("cluster", job);

  const Finished cancelled = run("foldstream cancel cluster");

  ASSERT_EQ(cancelled.code, 0) << cancelled.err;
  ASSERT_TRUE(await_state(job, "FAILED", 30)) << state_of(job) << log("cluster", job);
  EXPECT_EQ(status("cluster").at("state"), "drained");
  const int before = done("cluster");
  EXPECT_GE(before, 1);
  ASSERT_EQ(run("foldstream run " + fold + "--out cluster").code, 0);
  expect_nothing_ran_twice(status("cluster"), 6);
}

}  // namespace
}  // namespace foldstream::test
