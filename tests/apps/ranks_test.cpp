// The command on several ranks: roles, and ranks that die.
#include "command.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace foldstream::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* launch = "'" FOLDSTREAM_SOURCE_DIR "/tests/mpi/launch.sh' ";
constexpr const char* program = " '" FOLDSTREAM_BINARY_DIR "/apps/foldstream' ";

class Ranks : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "mpirun is not installed";
    write_members(6);
    ASSERT_EQ(run("foldstream db build '" FOLDSTREAM_SOURCE_DIR
                  "/data/demo/family_and_decoys.fasta.gz' d.fsdb")
                  .code,
              0);
  }

  Finished run(const std::string& command) { return shell(folder_.path(), command); }

  /// A member of the demo's family in every record.
  void write_members(int count) {
    io::FastaReader reader(fs::path(FOLDSTREAM_SOURCE_DIR) / "data/demo/family_and_decoys.fasta.gz");
    std::string fasta;
    for (int taken = 0; taken < count;) {
      const auto record = reader.next();
      if (!record) break;
      const auto& sequence = std::get<io::Sequence>(*record);
      if (!sequence.name.starts_with("family_")) continue;
      fasta += ">" + sequence.name + "\n" + sequence.residues + "\n";
      ++taken;
    }
    folder_.write("many.fasta", fasta);
  }

  void expect_same_targets(const std::string& from, const std::string& to) {
    test::expect_same_targets(folder_.path() / from, folder_.path() / to);
  }

  TemporaryFolder folder_;
};

const std::string fold = "fold many.fasta --database d.fsdb" + quick;

struct Span {
  int rank;
  double begin, end;
};

std::vector<Span> spans_of(const std::string& trace, const std::string& task) {
  std::vector<Span> spans;
  const auto events = nlohmann::json::parse(trace);
  for (const auto& event : events.at("traceEvents"))
    if (event.at("name") == task && event.at("ph") == "X")
      spans.push_back({event.at("pid"), event.at("ts"),
                       event.at("ts").get<double>() + event.at("dur").get<double>()});
  return spans;
}

TEST_F(Ranks, SearchAndPredictAtTheSameTimeOnRanksOfTheirOwn) {
  ASSERT_EQ(run("foldstream " + fold + "--out one").code, 0);

  const Finished four =
      run(launch + std::string("4") + program + fold + "--out four --roles 0-1:search,2-3:predict");

  ASSERT_EQ(four.code, 0) << four.err;
  expect_same_targets("one", "four");
  const std::string trace = read_text(folder_.path() / "four/trace.json");
  const auto searches = spans_of(trace, "search"), predictions = spans_of(trace, "predict");
  ASSERT_EQ(searches.size(), 6U);
  ASSERT_EQ(predictions.size(), 6U);
  for (const Span& span : searches) EXPECT_LT(span.rank, 2);
  for (const Span& span : predictions) EXPECT_GE(span.rank, 2);
  EXPECT_TRUE(std::ranges::any_of(searches, [&](const Span& search) {
    return std::ranges::any_of(predictions, [&](const Span& prediction) {
      return search.begin < prediction.end && prediction.begin < search.end;
    });
  }));
}

TEST_F(Ranks, GoOnWhenTheFirstRankIsKilled) {
  ASSERT_EQ(run("foldstream " + fold + "--out one").code, 0);

  const Finished survived = run(
      "export FOLDSTREAM_SURVIVE=1; " + std::string(launch) + "3" + program + fold +
      "--out three --threads 1 & until ls three/targets/*/*.pdb 2>/dev/null; do sleep 0.02; done; "
      "pkill -9 -o -f '^" FOLDSTREAM_BINARY_DIR "/apps/foldstream fold many.fasta.*--out three'; wait");

  EXPECT_THAT(survived.err, HasSubstr("rank 0 was lost; the others did its work"));
  EXPECT_TRUE(fs::exists(folder_.path() / "three/report.html"));
  EXPECT_TRUE(fs::exists(folder_.path() / "three/run.h5"));
  expect_same_targets("one", "three");
}

TEST_F(Ranks, NameAWrongRole) {
  const Finished wrong =
      run(launch + std::string("2") + program + fold + "--out w --roles 0:serach,1:predict");
  const Finished many = run(launch + std::string("2") + program + fold + "--out m --roles 5:search");

  EXPECT_THAT(wrong.err, HasSubstr("no task of the workflow has the role 'serach'. Did you mean"));
  EXPECT_THAT(many.err, HasSubstr("names rank 5, but there are 2 ranks"));
}

}  // namespace
}  // namespace foldstream::test
