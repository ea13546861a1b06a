#include "command.hpp"

#include <algorithm>
#include <regex>

namespace foldstream::test {
namespace {

using testing::HasSubstr;

class Usage : public testing::Test {
 protected:
  Finished run(const std::string& command) { return shell(folder_.path(), command); }
  TemporaryFolder folder_;
};

TEST_F(Usage, PrintsHelpWithExamplesForEveryCommand) {
  for (const char* command : {"fold", "run", "plan", "list", "db build", "compare", "sample", "doctor", "why",
                              "streams", "export", "status", "failures", "submit", "cancel"}) {
    const Finished help = run("foldstream " + std::string(command) + " -h");

    EXPECT_EQ(help.code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("Example")) << command;
  }
}

/// Help as words, without defaults: versions of CLI11 write these as "[2]" or as "=2".
std::string words(const std::string& help) {
  const std::string plain = std::regex_replace(help, std::regex(R"( \[[^\]]*\]|=\S*)"), "");
  return std::regex_replace(plain, std::regex(R"(\s+)"), " ");
}

TEST_F(Usage, PrintsTheHelpThatTheDocumentationShows) {
  const std::filesystem::path captured = std::filesystem::path(FOLDSTREAM_SOURCE_DIR) / "docs/cli";
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(captured)) {
    std::string command = entry.path().stem();
    std::ranges::replace(command, '_', ' ');

    EXPECT_EQ(words(run(command + " --help").out), words(read_text(entry.path()))) << command;

    ++count;
  }
  EXPECT_GE(count, 10);
}

TEST_F(Usage, OffersTheNearMissOfAnUnknownFlag) {
  folder_.write("a.fasta", ">a\nACDEFGHIKLMN\n");

  const Finished refused = run("foldstream fold a.fasta --databse x.fsdb");

  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("Did you mean '--database'?"));
}

TEST_F(Usage, OffersTheNearMissOfAnUnknownCommand) {
  const Finished refused = run("foldstream fodl a.fasta");

  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("Did you mean 'fold'?"));
}

TEST_F(Usage, RefusesToFoldWithoutHomologs) {
  folder_.write("a.fasta", ">a\nACDEFGHIKLMN\n");

  const Finished refused = run("foldstream fold a.fasta");

  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("no alignment and no database for 'a'"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "results"));
}

TEST_F(Usage, NamesAnUnknownStageAtItsPlace) {
  folder_.write("a.fasta", ">a\nACDEFGHIKLMN\n");
  folder_.write("my.yaml", "workflow: my\ntargets: {query: sequence}\ntasks:\n  p:\n    stage: predcit\n");

  const Finished refused = run("foldstream run my.yaml a.fasta --msa a.fasta");

  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("my.yaml:5:12: stage 'predcit' is not in the catalog. "
                                     "Did you mean 'predict'?"));
}

TEST_F(Usage, NamesAnUnknownOptionWithItsNearMiss) {
  folder_.write("a.fasta", ">a\nACDEFGHIKLMN\n");

  const Finished refused = run("foldstream fold a.fasta --msa a.fasta --set predict.strats=3");

  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("no option 'strats'. Did you mean 'starts'?"));
}

TEST_F(Usage, PlansWithoutRunningAnything) {
  folder_.write("a.fasta", demo_query("a"));
  folder_.write("a.a3m", demo_alignment("a", 50));

  const Finished plan = run("foldstream plan a.fasta --msa a.a3m");
  const Finished dot = run("foldstream plan a.fasta --msa a.a3m --dot");

  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("nothing was run"));
  EXPECT_THAT(dot.out, HasSubstr("\"predict\" -> \"refine\""));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "results"));
}

TEST_F(Usage, ListsStagesWithTheirOptions) {
  const Finished all = run("foldstream list");
  const Finished one = run("foldstream list predict");

  EXPECT_THAT(all.out, HasSubstr("refine"));
  EXPECT_THAT(one.out, HasSubstr("starts"));
}

TEST_F(Usage, ComparesAStructureWithItself) {
  folder_.write("a.pdb", read_text(std::filesystem::path(FOLDSTREAM_SOURCE_DIR) / "tests/apps/helix.pdb"));

  const Finished compared = run("foldstream compare a.pdb a.pdb --json");

  EXPECT_EQ(compared.code, 0) << compared.err;
  EXPECT_THAT(compared.out, HasSubstr("\"tm_score\": 1.0"));
}

TEST_F(Usage, SamplesTheSameSequencesForTheSameSeed) {
  folder_.write("a.a3m", demo_alignment("a", 60));

  const Finished first = run("foldstream sample a.a3m -n 5 --seed 3");
  const Finished second = run("foldstream sample a.a3m -n 5 --seed 3");

  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(first.out, second.out);
  EXPECT_THAT(first.out, HasSubstr(">drawn_00005"));
}

TEST_F(Usage, PlansFromAListOfLengths) {
  folder_.write("db.fasta", ">d\nACDEFGHIKLMN\n");
  folder_.write("lengths.tsv", "# residues, targets\n100 3\n\n250\n");

  const Finished plan =
      run("foldstream plan --lengths lengths.tsv --database db.fasta --ranks 8 --threads 4");
  const Finished misfit =
      run("foldstream plan --lengths lengths.tsv --database db.fasta --memory 0.01");

  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("4 targets: "));
  EXPECT_THAT(plan.out, HasSubstr("on 8 ranks of 4 threads: "));
  EXPECT_EQ(misfit.code, 2);
  EXPECT_THAT(misfit.err, HasSubstr("can never run: task 'predict' needs"));
}

TEST_F(Usage, NamesTheLineOfALengthThatIsNone) {
  folder_.write("db.fasta", ">d\nACDEFGHIKLMN\n");
  folder_.write("lengths.tsv", "100 3\nlong\n");

  const Finished refused = run("foldstream plan --lengths lengths.tsv --database db.fasta");

  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("lengths.tsv:2: expected LENGTH [COUNT], found 'long'."));
}

}  // namespace
}  // namespace foldstream::test
