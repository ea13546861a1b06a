#include "test_support.hpp"
#include "workflows/report/sample_result.hpp"

#include <foldstream/io/a3m.hpp>
#include <foldstream/io/structure_file.hpp>
#include <foldstream/workflows/report/target_files.hpp>

#include <nlohmann/json.hpp>

namespace foldstream::workflows::report {
namespace {

using test::expect_error;

std::vector<std::string> names_of(const Manifest& manifest) {
  std::vector<std::string> names;
  for (const auto& file : manifest.files) names.push_back(file.path);
  return names;
}

nlohmann::json read_json(const std::filesystem::path& path) {
  return nlohmann::json::parse(test::read_text(path));
}

TEST(TargetFiles, AreThoseOfTheRunFolder) {
  const test::TemporaryFolder folder;

  const Manifest manifest = write_target_files(folder.path() / "demo", test::sample_result());

  EXPECT_THAT(
      names_of(manifest),
      testing::ElementsAre("demo_rank_001.cif", "demo_rank_001.pdb", "demo_unrefined_rank_001.pdb",
                           "demo_rank_002.cif", "demo_rank_002.pdb", "demo_scores.json", "demo.a3m",
                           "refinement.json"));
  EXPECT_THAT(damaged_files(folder.path() / "demo", manifest), testing::IsEmpty());
}

TEST(TargetFiles, HoldTheRefinedAndTheUnrefinedModelWithPlddt) {
  const test::TemporaryFolder folder;
  const TargetResult result = test::sample_result();

  write_target_files(folder.path(), result);

  const auto refined = io::read_structure(folder.path() / "demo_rank_001.cif");
  const auto before = io::read_structure(folder.path() / "demo_unrefined_rank_001.pdb");
  EXPECT_NEAR(refined.chains[0].residues[5].find("CA")->position.x, 2.3 * std::cos(8.5), 1e-3);
  EXPECT_NEAR(before.chains[0].residues[5].find("CA")->position.x, 2.3 * std::cos(8.725), 1e-3);
  EXPECT_NEAR(refined.chains[0].residues[3].find("CA")->b_factor, 45, 1e-6);
}

TEST(TargetFiles, ScoresSayWhatIsAnEstimate) {
  const test::TemporaryFolder folder;
  TargetResult result = test::sample_result();
  result.warnings = {"few sequences"};

  write_target_files(folder.path(), result);

  const auto json = read_json(folder.path() / "demo_scores.json");
  EXPECT_THAT(json["note"].get<std::string>(), testing::HasSubstr("are estimates"));
  EXPECT_EQ(json["neff"], 1.5);
  EXPECT_EQ(json["contacts_kept"], 1);
  EXPECT_EQ(json["models"][0]["refined"], true);
  EXPECT_EQ(json["models"][1]["refined"], false);
  EXPECT_EQ(json["models"][0]["plddt"][3], 45);
  EXPECT_EQ(json["models"][0]["predicted_tm"], 0.6123);
  EXPECT_EQ(json["warnings"][0], "few sequences");
}

TEST(TargetFiles, RefinementReportsBeforeAndAfter) {
  const test::TemporaryFolder folder;

  write_target_files(folder.path(), test::sample_result());

  const auto json = read_json(folder.path() / "refinement.json");
  EXPECT_EQ(json["force_field"], "amber99sb-ildn");
  EXPECT_EQ(json["models"][0]["before"]["clashes"], 17);
  EXPECT_EQ(json["models"][0]["after"]["clashes"], 2);
  EXPECT_TRUE(json["models"][0]["before"]["potential_kj_per_mol"].is_null());
}

TEST(TargetFiles, AreTheSameBytesInEveryFolder) {
  const test::TemporaryFolder one, other;

  EXPECT_EQ(write_target_files(one.path(), test::sample_result()),
            write_target_files(other.path() / "deep" / "down", test::sample_result()));
}

TEST(TargetFiles, KeepTheAlignment) {
  const test::TemporaryFolder folder;

  write_target_files(folder.path(), test::sample_result());

  EXPECT_EQ(io::read_a3m(folder.path() / "demo.a3m").rows, test::sample_result().msa.rows);
}

TEST(TargetFiles, StayInTheirFolderWhateverTheName) {
  const test::TemporaryFolder folder;

  const Manifest manifest = write_target_files(folder.path() / "t", test::sample_result("../../x"));

  EXPECT_EQ(manifest.target, "../../x");
  for (const auto& name : names_of(manifest))
    EXPECT_EQ(std::filesystem::path(name).filename(), name);
}

TEST(TargetFiles, SayWhenAModelFitsNoPdb) {
  const test::TemporaryFolder folder;
  TargetResult result = test::sample_result();
  result.refinement.reset();
  for (auto& model : result.prediction.models) model.structure.chains[0].id = "long";

  const Manifest manifest = write_target_files(folder.path(), result);

  EXPECT_THAT(names_of(manifest), testing::ElementsAre("demo_rank_001.cif", "demo_rank_002.cif",
                                                       "demo_scores.json", "demo.a3m"));
  EXPECT_THAT(read_json(folder.path() / "demo_scores.json")["warnings"][0].get<std::string>(),
              testing::HasSubstr("there is no demo_rank_001.pdb: "));
}

TEST(TargetFiles, RefuseATargetWithoutModelsOrWithOddPlddt) {
  const test::TemporaryFolder folder;
  TargetResult empty, odd = test::sample_result("odd");
  empty.name = "nothing";
  odd.refinement->models[0].before.plddt.pop_back();

  expect_error(ErrorKind::InvalidArgument, "target 'nothing' has no model",
               [&] { write_target_files(folder.path(), empty); });
  expect_error(ErrorKind::InvalidArgument, "has 12 residues but 11 pLDDT values",
               [&] { write_target_files(folder.path(), odd); });
}

TEST(TargetFiles, NameTheFolderThatCannotBeMade) {
  const test::TemporaryFolder folder;
  const auto file = folder.write("file", "");

  expect_error(ErrorKind::Io, "cannot make the folder",
               [&] { write_target_files(file / "below", test::sample_result()); });
}

}  // namespace
}  // namespace foldstream::workflows::report
