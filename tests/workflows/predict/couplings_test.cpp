#include "families.hpp"
#include "predict/couplings.hpp"
#include "test_support.hpp"

#include <foldstream/workflows/predict/potts_model.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>

#include <algorithm>

namespace foldstream::workflows::predict {
namespace {

class Couplings : public testing::Test {
 protected:
  void SetUp() override {
    if (!torch_is_available()) GTEST_SKIP() << "built without LibTorch";
  }
};

TEST_F(Couplings, InvertsAPositiveMatrix) {
  std::vector<float> matrix = {4, 1, 1, 3};

  invert_positive(matrix, 2);

  EXPECT_NEAR(matrix[0], 3.0 / 11, 1e-6);
  EXPECT_NEAR(matrix[1], -1.0 / 11, 1e-6);
  EXPECT_NEAR(matrix[3], 4.0 / 11, 1e-6);
}

TEST_F(Couplings, RefusesAMatrixThatIsNotPositive) {
  std::vector<float> matrix = {1, 2, 2, 1};

  test::expect_error(ErrorKind::Internal, "cannot invert", [&] { invert_positive(matrix, 2); });
}

TEST_F(Couplings, ScoreTheCoupledColumnsHighest) {
  const Alignment alignment = read_alignment(test::coupled_family(400, 30), 400, {});

  const PairMap z = coupling_scores(invert(alignment, 0.5, {}));

  EXPECT_EQ(*std::max_element(z.values.begin(), z.values.end()), z.at(5, 20));
  EXPECT_EQ(z.at(5, 20), z.at(20, 5));
  EXPECT_GT(z.at(5, 20), 20);
}

TEST_F(Couplings, AreTheSameOnAnyNumberOfThreads) {
  const Alignment alignment = read_alignment(test::coupled_family(100, 30), 100, {});
  Context many;
  many.threads = 3;

  EXPECT_EQ(invert(alignment, 0.5, {}).couplings, invert(alignment, 0.5, many).couplings);
}

TEST_F(Couplings, OfTheMeanFieldModelAreSymmetricAndSumToZero) {
  const Potts model = fit_mean_field(test::coupled_family(200, 25), {}, {});
  const auto couplings = model.couplings.values<float>();
  const auto at = [&](int i, int j, int a, int b) {
    return couplings[((i * 25 + j) * 21 + a) * 21 + b];
  };
  float row = 0;
  for (int b = 0; b < 21; ++b) row += at(5, 20, 3, b);

  EXPECT_NEAR(row, 0, 1e-4);
  EXPECT_NEAR(at(5, 20, 3, 7), at(20, 5, 7, 3), 1e-4);
  EXPECT_GT(at(5, 20, 3, 3), 1);
}

TEST_F(Couplings, ThatNeedTooMuchMemoryAreRefused) {
  test::expect_error(ErrorKind::Resources, "the limit is 1000",
                     [] { fit_mean_field(test::coupled_family(2, 30), {.memory = 1000}, {}); });
}

}  // namespace
}  // namespace foldstream::workflows::predict
