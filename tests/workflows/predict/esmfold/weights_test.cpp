// Weights as ATen tensors: no copies, the right dtype, names in errors.
#include "golden.hpp"

namespace foldstream::workflows::predict::esmfold::test {
namespace {

Weights two_tensors(at::TensorOptions options) {
  NamedTensors tensors;
  tensors["layer.weight"] = Tensor::of<float>(std::vector<float>{1, 2, 3, 4}).reshaped({2, 2});
  tensors["layer.map"] = Tensor::of<std::int64_t>(std::vector<std::int64_t>{5, 6});
  return {std::make_shared<NamedTensors>(std::move(tensors)), options};
}

TEST(Weights, AreNotCopiedWhereTheDtypeIsTheSame) {
  const Weights weights = two_tensors(at::kFloat);

  EXPECT_EQ(weights.tensor("layer.weight").data_ptr(),
            weights.below("layer").tensor("weight").data_ptr());
}

TEST(Weights, BecomeTheDtypeAskedForAndIntegersStay) {
  const Weights weights = two_tensors(at::kBFloat16).below("layer");

  EXPECT_EQ(weights.tensor("weight").scalar_type(), at::kBFloat16);
  EXPECT_EQ(weights.tensor_f32("weight").scalar_type(), at::kFloat);
  EXPECT_EQ(weights.tensor("map").scalar_type(), at::kLong);
}

TEST(Weights, NameTheTensorThatIsAbsent) {
  foldstream::test::expect_error(ErrorKind::NotFound, "'layer.bias'",
                                 [] { two_tensors(at::kFloat).below("layer").tensor("bias"); });
}

TEST(Weights, ALinearLayerMayHaveNoBias) {
  const Linear linear(two_tensors(at::kFloat).below("layer"));

  const at::Tensor y = linear(at::ones({1, 2}));

  EXPECT_TRUE(at::equal(y, at::tensor({3.F, 7.F}).unsqueeze(0)));
}

TEST(Weights, ALinearLayerAddsToAState) {
  const Linear linear(two_tensors(at::kFloat).below("layer"));
  at::Tensor state = at::ones({1, 2});

  linear.add_to(state, at::ones({1, 2}));

  EXPECT_TRUE(at::equal(state, at::tensor({4.F, 8.F}).unsqueeze(0)));
}

TEST(Weights, TensorsComeBackFromAtenUncopied) {
  const at::Tensor made = at::arange(6, at::kFloat).reshape({2, 3});

  const Tensor tensor = from_aten(made);

  EXPECT_EQ(tensor.shape(), (Shape{2, 3}));
  EXPECT_EQ(static_cast<const void*>(tensor.raw().data()), made.data_ptr());
}

TEST(ModelConfig, ReadsTheGoldenModels) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();

  const ModelConfig config = golden_config();

  EXPECT_EQ(config.language.layers, 3);
  EXPECT_EQ(config.folding.value().trunk.pair_heads(), 4);
  EXPECT_FALSE(golden_config("esm2_config.json").folding);
}

TEST(ModelConfig, SaysWhatIsMissingAndWhere) {
  foldstream::test::expect_error(
      ErrorKind::Parse, "config.json: the file lacks 'num_hidden_layers'.",
      [] { parse_model_config(R"({"model_type": "esm"})", "config.json"); });
  foldstream::test::expect_error(ErrorKind::Unsupported, "only ESM-2 and ESMFold",
                                 [] { parse_model_config(R"({"model_type": "bert"})", "c"); });
}

}  // namespace
}  // namespace foldstream::workflows::predict::esmfold::test
