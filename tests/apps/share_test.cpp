// Several runs on one results folder at once.
#include "command.hpp"

#include <nlohmann/json.hpp>

namespace foldstream::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Json = nlohmann::json;

/// Tasks that were run, over all jobs.
int computed(const Json& status) {
  int sum = 0;
  for (const Json& life : status.at("lives")) sum += life.at("computed").get<int>();
  return sum;
}

Json status(const TemporaryFolder& folder, const std::string& out) {
  return Json::parse(shell(folder.path(), "foldstream status --json " + out).out);
}

TEST(Share, TwoRunsShareTheTargetsAndOneWritesTheReport) {
  const TemporaryFolder folder;
  const std::string fold = "foldstream " + write_family(folder, 8);
  ASSERT_EQ(shell(folder.path(), fold + "--out alone").code, 0);

  const Finished both =
      shell(folder.path(), fold + "--share --out shared & one=$!; " + fold +
                               "--share --out shared; b=$?; wait $one && exit $b");

  ASSERT_EQ(both.code, 0) << both.err;
  EXPECT_THAT(both.err, HasSubstr("other jobs go on"));
  expect_same_targets(folder.path() / "alone", folder.path() / "shared");
  const Json told = status(folder, "shared");
  EXPECT_EQ(told.at("state"), "ended");
  EXPECT_EQ(told.at("targets").at("done"), 8);
  ASSERT_EQ(told.at("lives").size(), 2U);
  EXPECT_GT(told.at("lives").at(0).at("computed"), 0);
  EXPECT_GT(told.at("lives").at(1).at("computed"), 0);
  EXPECT_EQ(computed(told), 8 * 4) << told.dump(2);  // of five tasks, the search was given
  EXPECT_THAT(read_text(folder.path() / "shared/report.html"), HasSubstr("life 2"));
}

TEST(Share, ARunThatIsKilledLosesItsTargetsToTheOther) {
  const TemporaryFolder folder;
  const std::string fold = "foldstream " + write_family(folder, 6) + "--share --out shared";
  // 'exec' would not find the function: the first is killed by what its status says of it
  const Finished both = shell(
      folder.path(),
      fold + " & sleep 3; " +
          "kill -9 $(grep -o '\"pid\":[0-9]*' shared/jobs/0000/job.json | cut -d: -f2); " + fold);

  ASSERT_EQ(both.code, 0) << both.err;
  const Json told = status(folder, "shared");
  EXPECT_EQ(told.at("targets").at("done"), 6);
  EXPECT_EQ(told.at("lives").at(0).at("end"), "lost");
  EXPECT_EQ(told.at("lives").at(1).at("end"), "ended");
}

TEST(Merge, RefusesWhatIsNotAPartOfOneCampaignAtItsEnd) {
  const TemporaryFolder folder;
  const std::string fold = "foldstream " + write_family(folder, 2);
  ASSERT_EQ(shell(folder.path(), fold + "--shard 1/2 --out one").code, 0);
  ASSERT_EQ(shell(folder.path(),
                  "sed 's/^>t0/>u0/' many.fasta > other.fasta; foldstream fold other.fasta --msa "
                  "msa/t1.a3m "
                  "--shard 3/3 --out other")
                .code,
            2);  // there is no third sequence

  const Finished nothing = shell(folder.path(), "foldstream merge one none --out all");
  const Finished there = shell(folder.path(), "foldstream merge one one --out one");
  shell(folder.path(),
        "mkdir two; cp one/campaign.json one/status.json two; sed 's/digest\": \"/&0/' "
        "one/input.json > two/input.json");
  const Finished differs = shell(folder.path(), "foldstream merge one two --out all");

  EXPECT_EQ(nothing.code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("none: has no input.json"));
  EXPECT_EQ(there.code, 2);
  EXPECT_THAT(there.err, HasSubstr("one is there already"));
  EXPECT_EQ(differs.code, 2);
  EXPECT_THAT(differs.err, HasSubstr("belong to different inputs"));
}

TEST(Share, ARunThatDoesNotShareIsRefusedMeanwhile) {
  const TemporaryFolder folder;
  const std::string fold = "foldstream " + write_family(folder, 4);

  const Finished refused =
      shell(folder.path(), fold + "--share --out shared & sleep 2; " + fold +
                               "--out shared; code=$?; kill %1; wait; exit $code");

  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err,
              HasSubstr("shared: other jobs work on this folder. Give --share to join them."));
}

}  // namespace
}  // namespace foldstream::test
