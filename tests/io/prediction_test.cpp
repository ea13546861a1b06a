#include "io/example_structure.hpp"
#include "test_support.hpp"

#include <foldstream/io/prediction.hpp>

#include <cmath>
#include <limits>

namespace {

using namespace foldstream;
using test::example_structure;
using test::expect_error;

io::Model model(double energy) { return {example_structure(), {91, 70.5, 50}, 0.625, energy}; }

io::Prediction prediction() {
  io::Prediction prediction{{model(-10), model(-5)}, "potts"};
  prediction.models[1].structure.chains.pop_back();
  return prediction;
}

io::Refinement refinement() {
  io::Refinement refinement{{{model(-10), example_structure(), {}, {}, 0.5, ""},
                             {model(-5), {}, {}, {}, 0, "no\nforce field"}},
                            "amber99sb-ildn"};
  refinement.models[0].report_before = {100, 7, 70.5, 4.5, 1, 2, 3, 1e5};
  refinement.models[0].report_after = {180, 0, 0, 1.5, 0, 0, 1, -4321.5};
  return refinement;
}

TEST(ContactMapCodec, RoundTripsBothMatrices) {
  const io::ContactMap map{2, {0, 1.5f, 1.5f, 0}, {0, 0.75f, 0.75f, 0}};

  const Record record = Codec<io::ContactMap>::encode(map);

  EXPECT_EQ(Codec<io::ContactMap>::decode(record), map);
  EXPECT_EQ(record.at("score").axes, (std::vector<std::string>{"residue", "residue"}));
  EXPECT_EQ(Codec<io::ContactMap>::decode(Codec<io::ContactMap>::encode({})), io::ContactMap{});
}

TEST(ContactMapCodec, RefusesMatricesOfOtherShapes) {
  expect_error(ErrorKind::InvalidArgument, "", [&] {
    Codec<io::ContactMap>::encode({2, {0, 1, 1}, {0, 1, 1, 0}});
  });
  Record record = Codec<io::ContactMap>::encode({1, {0}, {0}});
  record["probability"].tensor = Tensor(DType::f32, {1, 2});

  expect_error(ErrorKind::InvalidArgument, "'probability'",
               [&] { Codec<io::ContactMap>::decode(record); });
}

TEST(PredictionCodec, RoundTripsModelsOfDifferentSizes) {
  const io::Prediction made = prediction();

  EXPECT_EQ(Codec<io::Prediction>::decode(Codec<io::Prediction>::encode(made)), made);
  EXPECT_EQ(Codec<io::Prediction>::decode(Codec<io::Prediction>::encode({})), io::Prediction{});
}

TEST(PredictionCodec, PutsEachModelIntoAGroup) {
  const Record record = Codec<io::Prediction>::encode(prediction());

  EXPECT_EQ(record.at("model_001/coordinates").units, "angstrom");
  EXPECT_EQ(record.at("model_002/coordinates").tensor.shape(), (Shape{5, 3}));
  EXPECT_EQ(record.at("model_002/plddt").axes, std::vector<std::string>{"residue"});
  EXPECT_EQ(record.at("energy").tensor.values<double>()[1], -5);
}

TEST(PredictionCodec, RefusesARecordThatLacksAModel) {
  Record record = Codec<io::Prediction>::encode(prediction());
  record.erase("model_002/plddt");

  expect_error(ErrorKind::NotFound, "plddt", [&] { Codec<io::Prediction>::decode(record); });
}

TEST(RefinementCodec, RoundTripsReportsAndFailures) {
  const io::Refinement made = refinement();

  EXPECT_EQ(Codec<io::Refinement>::decode(Codec<io::Refinement>::encode(made)), made);
  EXPECT_EQ(Codec<io::Refinement>::decode(Codec<io::Refinement>::encode({})), io::Refinement{});
}

TEST(RefinementCodec, KeepsAPotentialThatWasNotEvaluated) {
  io::Refinement made = refinement();
  made.models[0].report_before.potential = std::numeric_limits<double>::quiet_NaN();

  const io::Refinement read = Codec<io::Refinement>::decode(Codec<io::Refinement>::encode(made));

  EXPECT_TRUE(std::isnan(read.models[0].report_before.potential));
  EXPECT_EQ(read.models[0].report_after, made.models[0].report_after);
}

}  // namespace
