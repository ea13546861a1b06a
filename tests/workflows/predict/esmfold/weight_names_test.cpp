// Names of Meta's files, and sizes that are read off the tensors.
#include "predict/esmfold/weight_names.hpp"
#include "predict/float_formats.hpp"
#include "test_support.hpp"

#include <foldstream/io/safetensors.hpp>

#include <cmath>
#include <limits>

namespace foldstream::workflows::predict::esmfold {
namespace {

TEST(WeightNames, BecomeThoseOfTheManifest) {
  EXPECT_EQ(name_of_esm2("model.encoder.sentence_encoder.layers.3.fc1.weight"),
            "esm.encoder.layer.3.intermediate.dense.weight");
  EXPECT_EQ(name_of_esm2("encoder.layers.0.self_attn.rot_emb.inv_freq"),
            "esm.encoder.layer.0.attention.self.rotary_embeddings.inv_freq");
  EXPECT_EQ(name_of_esm2("encoder.embed_tokens.weight"), "esm.embeddings.word_embeddings.weight");
  EXPECT_EQ(name_of_esm2("encoder.layers.0.something"), std::nullopt);
  EXPECT_EQ(name_of_esmfold("model.trunk.structure_module.ipa.linear_q_points.linear.weight"),
            "trunk.structure_module.ipa.linear_q_points.weight");
}

TEST(WeightNames, SizesAreReadOffTheTensors) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  const auto tiny = foldstream::test::shared_folder() / "reference/esmfold_tiny";
  std::map<std::string, TensorForm> forms;
  for (const auto& [name, tensor] : io::read_safetensors(tiny / "model.safetensors").tensors)
    forms[name] = {tensor.dtype(), tensor.shape()};

  const ModelConfig config = config_of_tensors(forms, "tiny");

  EXPECT_EQ(config.language.heads, 4);
  EXPECT_THAT(mismatches(parse_model_config(format_model_config(config), "made"), forms), testing::IsEmpty());
}

TEST(FloatFormats, RoundToNearestAndComeBack) {
  const float smallest = std::ldexp(1.F, -24);
  const Tensor values = Tensor::of(std::vector<float>{1, -2.5F, 65504, 65520, smallest, 0.1F, 0});

  const Tensor half = converted(converted(values, DType::f16), DType::f32);

  EXPECT_EQ(half, Tensor::of(std::vector<float>{1, -2.5F, 65504, std::numeric_limits<float>::infinity(),
                                                smallest, 0.099975586F, 0}));
  EXPECT_FALSE(all_finite(half));
  EXPECT_EQ(converted(converted(Tensor::of(std::vector<float>{1.00390625F}), DType::bf16), DType::f32),
            Tensor::of(std::vector<float>{1}));
}

}  // namespace
}  // namespace foldstream::workflows::predict::esmfold
