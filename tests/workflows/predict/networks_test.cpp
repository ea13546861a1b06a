#include "predict/networks.hpp"
#include "predict/pair_features.hpp"
#include "predict/weights.hpp"
#include "test_support.hpp"

#include <foldstream/workflows/predict/torch_info.hpp>

#include <algorithm>
#include <numeric>

namespace foldstream::workflows::predict {
namespace {

const std::string helical = "GSPEELLKKALELAKKLGDEELVKRALELLKRAAEEGS";

class Networks : public testing::Test {
 protected:
  void SetUp() override {
    if (!torch_is_available()) GTEST_SKIP() << "built without LibTorch";
    weights = load_weights({});
  }

  io::Msa alone(const std::string& residues) const { return {{{"query", "", residues}}, {}}; }
  DistanceMap without_couplings(const std::string& residues) const {
    const LocalPrediction local = weights->local(alone(residues), {});
    return weights->distance(PairMap(static_cast<int>(residues.size())), residues, local);
  }

  std::shared_ptr<const Weights> weights;
};

double sum(std::span<const float> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

TEST_F(Networks, SeeTheHelicesOfASequenceMadeForThem) {
  const LocalPrediction local = weights->local(alone(helical), {});

  EXPECT_GT(local.helix(10), 0.8F);
  EXPECT_GT(local.helix(25), 0.8F);
  EXPECT_LT(local.helix(0), 0.5F);
}

TEST_F(Networks, GiveProbabilitiesThatAddUp) {
  const LocalPrediction local = weights->local(alone(helical), {});
  const DistanceMap map = without_couplings(helical);

  EXPECT_NEAR(sum(std::span(local.structure).first(3)), 1, 1e-4);
  EXPECT_NEAR(sum(std::span(local.torsions).first(324)), 1, 1e-4);
  for (const auto& pair : map.pairs) {
    EXPECT_NEAR(sum(pair.probability), 1, 1e-4);
    EXPECT_NEAR(sum(pair.theta_ji), 1, 1e-4);
  }
}

TEST_F(Networks, KnowHowLongAHelixIs) {
  const DistanceMap map = without_couplings(helical);

  const auto pair = std::find_if(map.pairs.begin(), map.pairs.end(),
                                 [](const auto& p) { return p.i == 6 && p.j == 10; });

  EXPECT_GT(pair->contact(), 0.7F);  // one turn: 6.2 Å between the Cβ atoms
}

TEST_F(Networks, TakeAStrongCouplingForAContact) {
  PairMap z(static_cast<int>(helical.size()));
  for (int k = 0; k < 3; ++k) z.at(9 + 4 * k, 28 - 4 * k) = z.at(28 - 4 * k, 9 + 4 * k) = 12;
  const LocalPrediction local = weights->local(alone(helical), {});

  const DistanceMap with = weights->distance(z, helical, local);

  const auto contact = [](const DistanceMap& map) {
    return std::find_if(map.pairs.begin(), map.pairs.end(),
                        [](const auto& p) { return p.i == 13 && p.j == 24; })
        ->contact();
  };
  EXPECT_GT(contact(with), 2 * contact(without_couplings(helical)));
}

TEST_F(Networks, ReadTheSameOnAnyNumberOfThreads) {
  io::Msa msa = alone(helical);
  for (int k = 0; k < 9; ++k)
    msa.rows.push_back({"row", "", helical.substr(9) + helical.substr(0, 9)});
  Context many;
  many.threads = 3;

  EXPECT_EQ(weights->local(msa, {}).torsions, weights->local(msa, many).torsions);
}

TEST_F(Networks, RefuseWeightsOfAnotherShape) {
  io::Safetensors file;
  test::expect_error(ErrorKind::NotFound, "from_pairs", [&] { DistanceModel model(file); });

  file.tensors["from_pairs.weight"] = Tensor(DType::f32, {1});
  test::expect_error(ErrorKind::InvalidArgument, "foldstream train",
                     [&] { DistanceModel model(file); });
}

TEST(PairFeatures, OfAWindowAreThatPartOfTheWhole) {
  PairMap z(30);
  for (int i = 0; i < 30; ++i) {
    for (int j = 0; j < 30; ++j) z.at(i, j) = static_cast<float>(i * j % 7);
  }
  const auto whole = pair_features(z, 2, {0, 30}, {0, 30});

  const auto part = pair_features(z, 2, {4, 10}, {9, 12});

  for (std::size_t c = 0; c < pair_channels; ++c) {
    EXPECT_EQ(part[c * 120 + 3 * 12 + 5], whole[c * 900 + 7 * 30 + 14]) << c;
  }
}

}  // namespace
}  // namespace foldstream::workflows::predict
