// Campaigns over nodes of two kinds, and over several clusters.
#include "submit_case.hpp"

#include <map>
#include <set>

namespace foldstream::test {
namespace {

/// A second controller, with one node.
class OtherCluster {
 public:
  OtherCluster() : is_up_(std::system((cluster + ("start '" + path() + "' 1")).c_str()) == 0) {}
  ~OtherCluster() { std::system((cluster + ("stop '" + path() + "'")).c_str()); }
  OtherCluster(const OtherCluster&) = delete;
  OtherCluster& operator=(const OtherCluster&) = delete;

  bool is_up() const { return is_up_; }
  std::string path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  bool is_up_;
};

int computed_tasks(const Json& status) {
  int computed = 0;
  for (const Json& life : status.at("lives")) computed += life.at("computed").get<int>();
  return computed;
}

/// Ranks that ran a task, by the task's name.
std::map<std::string, std::set<int>> ranks_of_tasks(const fs::path& trace) {
  std::map<std::string, std::set<int>> ranks;
  const Json all = Json::parse(read_text(trace));
  for (const Json& event : all.at("traceEvents"))
    if (event.at("ph") == "X") ranks[event.at("name")].insert(event.at("pid").get<int>());
  return ranks;
}

TEST_F(Submit, NodesOfTwoKindsWorkInOneJob) {
  const std::string fold = write_family(folder_, 4);
  ASSERT_EQ(run("foldstream run " + fold + "--out local").code, 0);

  const Finished submitted = run("foldstream submit " + fold +
                                 "--nodes 1 --cpu-nodes 2 --cpu-partition urgent --launcher srun "
                                 "--roles 0:search+predict,1-2:refine --out cluster");

  ASSERT_EQ(submitted.code, 0) << submitted.err;
  const std::string job = submitted.out.substr(0, submitted.out.find('\n'));
  ASSERT_TRUE(await_state(job, "COMPLETED", 120)) << state_of(job) << log("cluster", job);
  expect_same_targets(folder_.path() / "local", folder_.path() / "cluster");
  auto ranks = ranks_of_tasks(folder_.path() / "cluster/trace.json");
  EXPECT_EQ(ranks["predict"], std::set<int>{0});
  EXPECT_FALSE(ranks["refine"].contains(0));
  EXPECT_EQ(status("cluster").at("ranks"), 3);
  EXPECT_THAT(read_text(folder_.path() / "cluster/job.sh"), HasSubstr("#SBATCH hetjob\n"));
}

TEST_F(Submit, NodesWithoutDevicesNeedSomethingToDo) {
  const std::string fold = write_family(folder_, 1);

  const Finished refused =
      run("foldstream submit " + fold + "--cpu-nodes 2 --launcher srun --dry-run");

  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("no task of workflow 'fold' has a use for a device"));
  const Finished by_mpirun =
      run("foldstream submit " + fold +
          "--cpu-nodes 2 --launcher mpirun --roles 0:predict,1-2:refine --dry-run");
  EXPECT_EQ(by_mpirun.code, 2);
  EXPECT_THAT(by_mpirun.err, HasSubstr("--launcher srun"));
}

TEST_F(Submit, AJobOnEachOfTwoClustersSharesTheCampaign) {
  const std::string fold = write_family(folder_, 8);
  ASSERT_EQ(run("foldstream run " + fold + "--out local").code, 0);
  const OtherCluster other;
  ASSERT_TRUE(other.is_up());
  folder_.write("site.yaml", "clusters:\n  here: {slurm_conf: " + Cluster::path() +
                                 "/slurm.conf}\n  there: {slurm_conf: " + other.path() +
                                 "/slurm.conf, partition: main}\n");
  const std::string site = "export FOLDSTREAM_SITE=$PWD/site.yaml; ";

  const Finished unknown = run(site + "foldstream submit " + fold + "--cluster ther --dry-run");
  const Finished submitted =
      run(site + "foldstream submit " + fold + "--cluster here,there --out cluster");

  EXPECT_THAT(unknown.err, HasSubstr("'there'"));
  ASSERT_EQ(submitted.code, 0) << submitted.err;
  ASSERT_TRUE(await(120, [&] { return fs::exists(folder_.path() / "cluster/report.html"); }))
      << submitted.out;
  expect_same_targets(folder_.path() / "local", folder_.path() / "cluster");
  const Json json = status("cluster");
  EXPECT_EQ(json.at("lives").size(), 2U) << json.dump(2);
  EXPECT_EQ(computed_tasks(json), 8 * 4);  // of five tasks, the search was given
}

TEST_F(Submit, TwoClustersSplitACampaignAndItIsMerged) {
  const std::string fold = write_family(folder_, 6);
  ASSERT_EQ(run("foldstream run " + fold + "--out local").code, 0);
  const OtherCluster other;
  ASSERT_TRUE(other.is_up());
  const std::string there = "SLURM_CONF='" + other.path() + "/slurm.conf' ";

  const std::string submission = "foldstream submit " + fold + "--partition main ";
  const Finished here = run(submission + "--shard 1/2 --out part1");
  const Finished elsewhere = run(there + submission + "--shard 2/2 --out part2");
  const auto have_ended = [&] {
    return status("part1").at("state") == "ended" && status("part2").at("state") == "ended";
  };
  ASSERT_TRUE(await(120, have_ended)) << here.err << elsewhere.err;
  const Finished merged = run("foldstream merge part1 part2 --out all");

  ASSERT_EQ(merged.code, 0) << merged.err;
  expect_same_targets(folder_.path() / "local", folder_.path() / "all");
  EXPECT_EQ(fs::status(folder_.path() / "all").permissions(), fs::perms::owner_all);
  const Json json = status("all");
  EXPECT_EQ(json.at("targets").at("done"), 6);
  ASSERT_EQ(json.at("lives").size(), 3U);
  EXPECT_EQ(json.at("lives").at(2).at("computed"), 0);
  EXPECT_EQ(computed_tasks(json), 6 * 4);  // of five tasks, the search was given
}

}  // namespace
}  // namespace foldstream::test
