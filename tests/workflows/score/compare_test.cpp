#include "test_support.hpp"
#include "workflows/score/perturbed_pairs.hpp"

#include <foldstream/workflows/score/compare.hpp>

#include <cstdlib>
#include <vector>

namespace foldstream::workflows::score {
namespace {

using test::expect_error;

/// What the TMscore program prints for two files; empty if there is no such program.
std::string run_tmscore(const test::TemporaryFolder& folder, const io::Structure& model,
                        const io::Structure& native) {
  test::write_trace(folder.path() / "m.pdb", model);
  test::write_trace(folder.path() / "n.pdb", native);
  const std::string command =
      "cd '" + folder.path().string() + "' && TMscore m.pdb n.pdb > out 2>&1";
  return std::system(command.c_str()) == 0 ? test::read_text(folder.path() / "out") : "";
}

bool has_tmscore() { return std::system("command -v TMscore > /dev/null 2>&1") == 0; }

/// The number after the '=' that follows `label`.
double number_after(const std::string& text, const std::string& label) {
  const auto at = text.find('=', text.find(label));
  return at == std::string::npos ? -1 : std::stod(text.substr(at + 1));
}

TEST(Compare, AgreesWithTheTmscoreProgram) {
  if (!has_tmscore()) GTEST_SKIP() << "the program TMscore (Debian package tm-align) is absent";
  FOLDSTREAM_NEEDS("data/pairs");
  const test::TemporaryFolder folder;
  const auto pairs = test::shared_folder() / "data" / "pairs";
  const auto other = test::read_trace(pairs / "1ATG_A" / "native.pdb");

  for (const char* name : {"DHFR_ECOLI", "1U2HA_PF07679", "3F04A_PF00168"}) {
    const auto native = test::read_trace(pairs / name / "native.pdb");
    for (const auto& damaged : test::damaged(native, other)) {
      const std::string text = run_tmscore(folder, test::moved(damaged), native);
      const Comparison ours = compare(test::read_trace(folder.path() / "m.pdb"), native);

      EXPECT_NEAR(ours.tm_score, number_after(text, "TM-score    ="), 1e-3) << name;
      EXPECT_NEAR(ours.gdt_ts, number_after(text, "GDT-TS-score"), 1e-3) << name;
      EXPECT_NEAR(ours.gdt_ha, number_after(text, "GDT-HA-score"), 1e-3) << name;
      EXPECT_NEAR(ours.rmsd, number_after(text, "RMSD of"), 2e-3) << name;
    }
  }
}

TEST(Compare, GivesEverythingForAMovedCopy) {
  const auto walk = test::random_walk(50, 1);

  const Comparison result = compare(test::moved(walk), walk);

  EXPECT_NEAR(result.tm_score, 1, 1e-9);
  EXPECT_EQ(result.lddt, 1);
  EXPECT_EQ(result.gdt_ha, 1);
  EXPECT_LT(result.rmsd, 1e-6);
  EXPECT_EQ(result.mapped, 50);
  EXPECT_EQ(result.identical, 50);
  EXPECT_EQ(result.pairs[49].native_number, 50);
  EXPECT_LT(result.pairs[49].distance, 1e-6);
}

TEST(Compare, PairsBySequenceWhateverTheNumbers) {
  const auto native = test::random_walk(60, 2);
  auto model = test::without(native, 20, 27);
  int number = 500;
  for (auto& residue : model.chains[0].residues) residue.number = number++;

  const Comparison result = compare(model, native);

  EXPECT_EQ(result.mapped, 53);
  EXPECT_EQ(result.identical, 53);
  EXPECT_EQ(result.pairs[20].native_number, 28);
  EXPECT_LT(result.rmsd, 1e-6);
}

TEST(Compare, PutsAGapInARepeatWhereTheNumbersSay) {
  auto native = test::random_walk(30, 3);
  for (int k = 5; k < 20; ++k) native.chains[0].residues[k].name = "ALA";
  const auto model = test::without(native, 10, 14);

  EXPECT_EQ(compare(model, native).pairs[10].native_number, 15);
  EXPECT_LT(compare(model, native).rmsd, 1e-6);
}

TEST(Compare, PairsByNumberWhenAsked) {
  const auto native = test::random_walk(40, 4);
  auto model = native;
  for (auto& residue : model.chains[0].residues) residue.name = "GLY", residue.number += 5;

  const Comparison result = compare(model, native, {.mapping = Mapping::ResidueNumber});

  EXPECT_EQ(result.mapped, 35);
  EXPECT_EQ(result.pairs[0].native_number, 6);
}

TEST(Compare, NormalisesByTheNativeAndByALengthOfChoice) {
  const auto native = test::random_walk(60, 5);
  const auto half = test::without(native, 30, 60);

  const Comparison result = compare(half, native, {.length = 30});

  EXPECT_NEAR(result.tm_score, 0.5, 1e-9);
  EXPECT_NEAR(result.tm_score_by_length.value(), 1, 1e-9);
  EXPECT_LT(result.lddt, 0.7);
}

TEST(Compare, ChoosesTheChainThatMatchesBest) {
  auto native = test::random_walk(40, 6);
  auto model = test::random_walk(45, 7);
  model.chains.push_back(native.chains[0]);
  model.chains[1].id = "B";

  EXPECT_EQ(compare(model, native).model_chain, "B");
  EXPECT_EQ(compare(model, native, {.model_chain = "A"}).model_chain, "A");
}

TEST(Compare, LeavesIonsAndWaterOut) {
  const auto native = test::random_walk(20, 8);
  auto model = native;
  model.chains[0].residues.push_back({"CA", 99, ' ', {{"CA", "CA", {}, 0, 1}}});
  model.chains[0].residues.push_back({"HOH", 100, ' ', {{"O", "O", {}, 0, 1}}});

  EXPECT_EQ(compare(model, native).model_length, 20);
}

TEST(Compare, RefusesEmptyStructuresAndUnknownChainsByName) {
  const auto walk = test::random_walk(20, 9);
  const io::Structure empty{"nothing.pdb", {}};
  const io::Structure water{"w.pdb", {{"W", {{"HOH", 1, ' ', {{"O", "O", {}, 0, 1}}}}}}};

  expect_error(ErrorKind::InvalidArgument, "the model 'nothing.pdb' is empty",
               [&] { compare(empty, walk); });
  expect_error(ErrorKind::InvalidArgument, "the native 'w.pdb' has no residue with a Cα",
               [&] { compare(walk, water); });
  expect_error(ErrorKind::NotFound, "has no chain 'Q'. Its chains are 'A'.",
               [&] { compare(walk, walk, {.model_chain = "Q"}); });
}

TEST(Compare, RefusesFewerThanThreeCommonResidues) {
  const auto walk = test::random_walk(20, 10);
  auto far = walk;
  for (auto& residue : far.chains[0].residues) residue.number += 18;

  expect_error(ErrorKind::InvalidArgument, "have only 2 residues in common by residue number",
               [&] { compare(far, walk, {.mapping = Mapping::ResidueNumber}); });
  far.chains[0].residues.resize(2);
  expect_error(ErrorKind::InvalidArgument, "residues in common by sequence; at least 3 are needed",
               [&] { compare(far, walk); });
  expect_error(ErrorKind::InvalidArgument, "a length of -1",
               [&] { compare(walk, walk, {.length = -1}); });
}

TEST(Compare, FormatsATableAndJson) {
  const auto walk = test::random_walk(20, 11);
  Comparison result = compare(walk, walk);
  result.model_chain = "a\"b";

  EXPECT_THAT(format_comparison(result),
              testing::HasSubstr("TM-score        1.0000  by the native"));
  const std::string json = format_comparison_json(result);
  EXPECT_THAT(json, testing::HasSubstr("\"tm_score\": 1.0,"));
  EXPECT_THAT(json, testing::HasSubstr(R"("model_chain": "a\"b")"));
}

}  // namespace
}  // namespace foldstream::workflows::score
