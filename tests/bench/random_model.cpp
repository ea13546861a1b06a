#include "random_model.hpp"

#include <foldstream/io/safetensors.hpp>
#include <foldstream/io/text_file.hpp>

#include <nlohmann/json.hpp>

namespace foldstream::bench {

using namespace workflows::predict::esmfold;

namespace {

/// Uniform within ±0.03, and at odd places of 24 bits, so that none is 0 or denormal.
class RandomTensors {
 public:
  explicit RandomTensors(std::uint64_t seed) : state_(seed) {}

  Tensor next(const Shape& shape) {
    Tensor tensor(DType::f32, shape);
    for (float& value : tensor.mutable_values<float>()) {
      state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
      value = (static_cast<float>(state_ >> 40U) + 0.5F) * (0.06F / 16777216) - 0.03F;
    }
    return tensor;
  }

 private:
  std::uint64_t state_;
};

/// The residue types of the published file are integers, and not needed.
bool is_random(const ManifestEntry& entry) { return entry.name != "af2_to_esm"; }

nlohmann::json json_of(const StructureConfig& config) {
  return {{"sequence_dim", config.sequence_dim},   {"pairwise_dim", config.pair_dim},
          {"ipa_dim", config.ipa_width},           {"num_heads_ipa", config.ipa_heads},
          {"num_qk_points", config.query_points},  {"num_v_points", config.value_points},
          {"num_blocks", config.iterations},       {"num_transition_layers", config.transition_layers},
          {"resnet_dim", config.resnet_dim},       {"num_resnet_blocks", config.resnet_blocks},
          {"num_angles", config.angles}};
}

nlohmann::json json_of(const TrunkConfig& config) {
  return {{"num_blocks", config.blocks},
          {"sequence_state_dim", config.sequence_dim},
          {"sequence_head_width", config.sequence_head_width},
          {"pairwise_state_dim", config.pair_dim},
          {"pairwise_head_width", config.pair_head_width},
          {"position_bins", config.position_bins},
          {"max_recycles", config.max_recycles},
          {"structure_module", json_of(config.structure)}};
}

nlohmann::json json_of(const ModelConfig& config) {
  return {{"model_type", "esm"},
          {"is_folding_model", true},
          {"num_hidden_layers", config.language.layers},
          {"hidden_size", config.language.hidden},
          {"num_attention_heads", config.language.heads},
          {"intermediate_size", config.language.feed_forward},
          {"esmfold_config",
           {{"lddt_head_hid_dim", config.folding->lddt_hidden},
            {"trunk", json_of(config.folding->trunk)}}}};
}

}  // namespace

OpenedModel random_model(const ModelConfig& config, std::uint64_t seed) {
  auto tensors = std::make_shared<std::map<std::string, Tensor>>();
  RandomTensors random(seed);
  for (const ManifestEntry& entry : manifest_of(config))
    if (is_random(entry)) tensors->emplace(entry.name, random.next(entry.shape));
  return {config, std::move(tensors), "random"};
}

void write_random_model(const std::filesystem::path& folder, const ModelConfig& config,
                        std::uint64_t seed) {
  std::filesystem::create_directories(folder);
  std::map<std::string, io::SafetensorsEntry> entries;
  for (const ManifestEntry& entry : manifest_of(config))
    if (is_random(entry)) entries[entry.name] = {DType::f32, entry.shape};
  RandomTensors random(seed);
  io::write_safetensors(folder / "model.safetensors", entries, [&](const std::string& name) {
    return random.next(entries.at(name).shape);
  });
  io::write_file_atomically(folder / "config.json", json_of(config).dump(2) + "\n");
}

LanguageModelConfig esm2_650m() {
  LanguageModelConfig config;
  config.layers = 33;
  config.hidden = 1280;
  config.heads = 20;
  config.feed_forward = 5120;
  return config;
}

LanguageModelConfig esm2_3b() { return {}; }

}  // namespace foldstream::bench
