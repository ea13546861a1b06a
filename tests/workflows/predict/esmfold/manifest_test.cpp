// What a model needs of a file of weights.
#include "predict/esmfold/manifest.hpp"
#include "test_support.hpp"

#include <foldstream/io/safetensors.hpp>

namespace foldstream::workflows::predict::esmfold {
namespace {

const std::filesystem::path tiny = foldstream::test::shared_folder() / "reference/esmfold_tiny";

std::map<std::string, TensorForm> forms_of(const std::string& file) {
  std::map<std::string, TensorForm> forms;
  for (const auto& [name, tensor] : io::read_safetensors(tiny / file).tensors)
    forms[name] = {tensor.dtype(), tensor.shape()};
  return forms;
}

ModelConfig config_of(const std::string& file) {
  return parse_model_config(foldstream::test::read_text(tiny / file), file);
}

TEST(Manifest, FitsTheGoldenModels) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");

  EXPECT_THAT(mismatches(config_of("config.json"), forms_of("model.safetensors")),
              testing::IsEmpty());
  EXPECT_THAT(mismatches(config_of("esm2_config.json"), forms_of("esm2_model.safetensors")),
              testing::IsEmpty());
}

TEST(Manifest, NamesEveryTensorOfTheGoldenModelsButThoseNotUsed) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  auto forms = forms_of("model.safetensors");

  for (const ManifestEntry& entry : manifest_of(config_of("config.json"))) forms.erase(entry.name);

  for (const auto& [name, form] : forms)
    EXPECT_THAT(name, testing::StartsWith("esm.embeddings.position_"));
}

TEST(Manifest, ListsAllMismatchesWithTheNearestName) {
  FOLDSTREAM_NEEDS("reference/esmfold_tiny");
  auto forms = forms_of("model.safetensors");
  auto moved = forms.extract("esm.encoder.layer.0.LayerNorm.bias");
  moved.key() = "esm.encoder.layer.0.LayerNorm.bais";
  forms.insert(std::move(moved));
  forms["lm_head.bias"].shape = {24};
  forms["lm_head.weight"].dtype = DType::i32;

  EXPECT_THAT(mismatches(config_of("config.json"), forms),
              testing::ElementsAre("'esm.encoder.layer.0.LayerNorm.bias' [64] is absent. Did you "
                                   "mean 'esm.encoder.layer.0.LayerNorm.bais'?",
                                   "'lm_head.weight' is i32, which is no floating point.",
                                   "'lm_head.bias' is [24], not [23]."));
}

TEST(Manifest, CountsTheParametersOfThePublishedModel) {
  // 2.84 billion of ESM-2 3B, 0.69 billion of the trunk
  EXPECT_NEAR(static_cast<double>(parameter_count(published_esmfold())), 3.53e9, 0.01e9);
}

}  // namespace
}  // namespace foldstream::workflows::predict::esmfold
