#include "families.hpp"
#include "test_support.hpp"

#include <foldstream/workflows/predict/potts_model.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>

namespace foldstream::workflows::predict {
namespace {

Potts flat_model(int length) {
  return {Tensor(DType::f32, {length, 21}), Tensor(DType::f32, {length, length, 21, 21}), 1};
}

/// Residues 0 and 2 of this model must be equal.
Potts coupled_model() {
  Potts model = flat_model(3);
  const auto values = model.couplings.mutable_values<float>();
  for (std::size_t a = 0; a < 21; ++a) {
    values[((0 * 3 + 2) * 21 + a) * 21 + a] = 8;
    values[((2 * 3 + 0) * 21 + a) * 21 + a] = 8;
  }
  return model;
}

TEST(Sample, FollowsTheFields) {
  Potts model = flat_model(4);
  model.fields.mutable_values<float>()[2 * 21 + 17] = 20;

  for (const std::string& sequence : sample(model, 50, 1)) EXPECT_EQ(sequence[2], 'W');
}

TEST(Sample, FollowsTheCouplings) {
  int equal = 0;
  for (const std::string& sequence : sample(coupled_model(), 200, 1)) {
    equal += static_cast<int>(sequence[0] == sequence[2]);
  }

  EXPECT_GT(equal, 180);
}

TEST(Sample, NeverDrawsAGap) {
  Potts model = flat_model(4);
  model.fields.mutable_values<float>()[20] = 20;

  for (const std::string& sequence : sample(model, 20, 1)) {
    EXPECT_EQ(sequence.find('-'), std::string::npos);
  }
}

TEST(Sample, DependsOnTheSeedAndNotOnTheThreads) {
  Context many;
  many.threads = 3;

  EXPECT_EQ(sample(coupled_model(), 60, 5), sample(coupled_model(), 60, 5, many));
  EXPECT_NE(sample(coupled_model(), 60, 5), sample(coupled_model(), 60, 6));
}

TEST(Sample, RefusesANegativeCount) {
  test::expect_error(ErrorKind::InvalidArgument, "cannot draw -1",
                     [] { sample(flat_model(2), -1, 1); });
}

TEST(PseudoLikelihood, FindsTheCouplingThatIsThere) {
  if (!torch_is_available()) GTEST_SKIP() << "this build has no LibTorch";
  const Potts model = fit_pseudo_likelihood(test::coupled_family(200, 22), {}, {});
  const auto couplings = model.couplings.values<float>();
  const auto norm = [&](int i, int j) {
    float sum = 0;
    for (int k = 0; k < 441; ++k) {
      const float value = couplings[static_cast<std::size_t>((i * 22 + j) * 441 + k)];
      sum += value * value;
    }
    return sum;
  };

  EXPECT_GT(norm(5, 20), 5 * norm(5, 19));
  EXPECT_FLOAT_EQ(norm(5, 20), norm(20, 5));
}

}  // namespace
}  // namespace foldstream::workflows::predict
