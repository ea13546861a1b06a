// Campaigns as jobs of a real SLURM controller with three nodes.
#include "submit_case.hpp"

namespace foldstream::test {
namespace {

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
  const std::string job = start_on_two_nodes(fold, "srun");

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

TEST_F(Submit, AJobThatWaitsIsTakenOutOfTheQueue) {
  const std::string job = submit(write_targets(1) + "--sbatch-arg=--hold --out cluster");
  ASSERT_EQ(state_of(job), "PENDING");

  const Finished cancelled = run("foldstream cancel cluster");

  ASSERT_EQ(cancelled.code, 0) << cancelled.err;
  EXPECT_THAT(cancelled.out, HasSubstr("taken out of"));
  EXPECT_EQ(state_of(job), "CANCELLED");
  const Finished again = run("foldstream cancel cluster");
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("nothing to stop"));
}

}  // namespace
}  // namespace foldstream::test
