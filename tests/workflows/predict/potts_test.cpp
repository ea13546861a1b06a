#include "families.hpp"
#include "predict/models.hpp"
#include "test_support.hpp"

#include <foldstream/workflows/predict/predictor.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>

#include <map>
#include <optional>

namespace foldstream::workflows::predict {
namespace {

using test::coupled_family;
using test::expect_error;
using test::query_of;

const PredictOptions quick{.models = 2, .seed = 3, .starts = 16, .steps = 20};

PredictInput family_input(int rows, int columns) {
  const io::Msa msa = coupled_family(rows, columns);
  return {query_of(msa), msa};
}

class PottsPredictor : public testing::Test {
 protected:
  void SetUp() override {
    if (!torch_is_available()) GTEST_SKIP() << "built without LibTorch";
  }
};

TEST_F(PottsPredictor, GivesWholeModelsWithConfidence) {
  const PredictInput input = family_input(60, 26);

  const PredictResult result = make_potts(quick)->predict(input, {});

  ASSERT_FALSE(result.prediction.models.empty());
  const io::Model& model = result.prediction.models.front();
  EXPECT_EQ(model.structure.chains.front().sequence(), input.sequence.residues);
  EXPECT_EQ(model.plddt.size(), 26U);
  EXPECT_NE(model.structure.chains.front().residues[3].find("O"), nullptr);
  EXPECT_EQ(model.structure.chains.front().residues[3].atoms[0].b_factor, model.plddt[3]);
  EXPECT_EQ(result.contacts.length, 26);
}

TEST_F(PottsPredictor, GivesTheSameBytesOnAnyNumberOfThreads) {
  const PredictInput input = family_input(60, 26);
  PredictOptions options = quick;
  options.starts = 48;
  Context many;
  many.threads = 3;

  const auto predictor = make_potts(options);

  EXPECT_EQ(predictor->predict(input, {}).prediction, predictor->predict(input, many).prediction);
}

/// A context that keeps parts in `kept`.
Context keeping(std::map<std::string, Record>& kept) {
  Context context;
  context.keep = [&](const std::string& part, const Record& record) { kept[part] = record; };
  context.earlier = [&](const std::string& part) -> std::optional<Record> {
    const auto found = kept.find(part);
    return found == kept.end() ? std::nullopt : std::optional(found->second);
  };
  return context;
}

TEST_F(PottsPredictor, GoesOnAfterTheGroupsOfTrajectoriesItHasKept) {
  const PredictInput input = family_input(60, 26);
  PredictOptions options = quick;
  options.starts = 48;
  std::map<std::string, Record> kept;
  const PredictResult whole = make_potts(options)->predict(input, keeping(kept));
  ASSERT_EQ(kept.size(), 3U);
  kept.erase("group-1");

  const PredictResult resumed = make_potts(options)->predict(input, keeping(kept));

  EXPECT_EQ(resumed.prediction, whole.prediction);
  EXPECT_EQ(kept.size(), 3U);
}

TEST_F(PottsPredictor, FoldsAnewWhatWasKeptOfAnotherChain) {
  const PredictInput input = family_input(60, 26);
  std::map<std::string, Record> kept;
  make_potts(quick)->predict(family_input(60, 30), keeping(kept));

  const PredictResult result = make_potts(quick)->predict(input, keeping(kept));

  EXPECT_EQ(result.prediction, make_potts(quick)->predict(input, {}).prediction);
}

TEST_F(PottsPredictor, GivesAsManyModelsAsAreAskedFor) {
  PredictOptions options = quick;
  options.models = 7;

  EXPECT_EQ(make_potts(options)->predict(family_input(60, 26), {}).prediction.models.size(), 7U);
}

TEST_F(PottsPredictor, RefusesATermThatTheFoldingLacks) {
  PredictOptions options = quick;
  options.terms = {{"thet", 0}};

  expect_error(ErrorKind::InvalidArgument, "Did you mean 'theta'?", [&] { make_potts(options); });
}

TEST_F(PottsPredictor, FoldsWithoutATerm) {
  PredictOptions options = quick;
  options.terms = {{"theta", 0}, {"resampling", 0}};
  const PredictInput input = family_input(60, 26);

  EXPECT_NE(make_potts(options)->predict(input, {}).prediction,
            make_potts(quick)->predict(input, {}).prediction);
}

TEST_F(PottsPredictor, SaysWhichWeightsItMisses) {
  PredictOptions options = quick;
  options.weights = "no/such/folder";

  expect_error(ErrorKind::NotFound, "no/such/folder",
               [&] { make_potts(options)->predict(family_input(60, 26), {}); });
}

TEST_F(PottsPredictor, WarnsOfAShallowAlignment) {
  const PredictResult result = make_potts(quick)->predict(family_input(12, 60), {});

  ASSERT_FALSE(result.warnings.empty());
  EXPECT_THAT(result.warnings.front(), testing::HasSubstr("12 effective sequences for 60"));
  EXPECT_LT(result.prediction.models.front().predicted_tm, 0.5);
}

TEST_F(PottsPredictor, TellsOfAShallowAlignmentBeforeItFolds) {
  std::stop_source source;
  Context context;
  context.stop = source.get_token();
  std::string told;
  context.warn = [&](std::string_view message) {
    told += message;
    source.request_stop();
  };

  expect_error(ErrorKind::Cancelled, "cancelled",
               [&] { make_potts(quick)->predict(family_input(12, 60), context); });

  EXPECT_THAT(told, testing::HasSubstr("expect a wrong fold"));
}

TEST_F(PottsPredictor, RefusesAQueryWithoutHomologs) {
  expect_error(ErrorKind::InvalidArgument, "the alignment has 1 sequence (1 effective)",
               [] { make_potts(quick)->predict(family_input(1, 30), {}); });
}

TEST_F(PottsPredictor, RefusesAChainOfOneResidue) {
  expect_error(ErrorKind::InvalidArgument, "has 1 residue;", [] {
    make_potts(quick)->predict({{"tiny", "", "A"}, {{{"tiny", "", "A"}}, {}}}, {});
  });
}

TEST_F(PottsPredictor, RefusesAChainTooLongForTheMemory) {
  const std::string letters(5000, 'A');

  expect_error(ErrorKind::Resources, "the limit is 4.2 GB", [&] {
    make_potts(quick)->predict({{"titin", "", letters}, {{{"titin", "", letters}}, {}}}, {});
  });
}

TEST_F(PottsPredictor, RefusesAnAlignmentOfAnotherSequence) {
  PredictInput input = family_input(30, 30);
  input.sequence.residues[4] = input.sequence.residues[4] == 'A' ? 'G' : 'A';

  expect_error(ErrorKind::InvalidArgument, "is not the sequence 'query'",
               [&] { make_potts(quick)->predict(input, {}); });
}

TEST_F(PottsPredictor, StopsWhenAsked) {
  std::stop_source source;
  source.request_stop();
  Context context;
  context.stop = source.get_token();

  expect_error(ErrorKind::Cancelled, "cancelled",
               [&] { make_potts(quick)->predict(family_input(60, 26), context); });
}

TEST(PredictOptions, OutOfRangeAreRefused) {
  expect_error(ErrorKind::InvalidArgument, "models must be at least 1",
               [] { make_potts({.models = 0}); });
}

TEST(Confidence, GrowsWithTheEvidence) {
  EXPECT_GT(estimate_tm({.consensus = 0.8, .satisfaction = 0.9}),
            estimate_tm({.consensus = 0.4, .satisfaction = 0.5}) + 0.1);
  EXPECT_GT(estimate_plddt(0.9, 0.6), estimate_plddt(0.3, 0.6));
  EXPECT_LE(estimate_plddt(1, 1), 95);
}

TEST(TorchInfo, DescribesTheLibraryOrNamesTheFlag) {
  if (torch_is_available()) {
    EXPECT_FALSE(torch_info().version.empty());
    EXPECT_EQ(torch_info().devices.front(), "cpu");
  } else {
    expect_error(ErrorKind::Unsupported, "-DFOLDSTREAM_WITH_TORCH=ON", [] { torch_info(); });
  }
}

}  // namespace
}  // namespace foldstream::workflows::predict
