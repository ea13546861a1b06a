#include "random_model.hpp"

namespace foldstream::bench {

using namespace workflows::predict::esmfold;

OpenedModel random_model(const ModelConfig& config, std::uint64_t seed) {
  auto tensors = std::make_shared<std::map<std::string, Tensor>>();
  std::uint64_t state = seed;
  for (const ManifestEntry& entry : manifest_of(config)) {
    if (entry.name == "af2_to_esm") continue;
    Tensor tensor(DType::f32, entry.shape);
    for (float& value : tensor.mutable_values<float>()) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      // 24 bits, at odd places, so that none is 0
      value = (static_cast<float>(state >> 40U) + 0.5F) * (0.06F / 16777216) - 0.03F;
    }
    tensors->emplace(entry.name, std::move(tensor));
  }
  return {config, std::move(tensors), "random"};
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
