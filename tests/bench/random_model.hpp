// Models of any size with random weights, to measure what only depends on their size.
#pragma once

#include "predict/esmfold/opened_model.hpp"

#include <cstdint>
#include <filesystem>

namespace foldstream::bench {

/// Every tensor of the manifest, uniform within ±0.03, never so small that it is denormal.
workflows::predict::esmfold::OpenedModel random_model(
    const workflows::predict::esmfold::ModelConfig& config, std::uint64_t seed = 1);

/// A model folder in Hugging Face's layout, for the command: config.json and model.safetensors, f32.
/// No two tensors are in memory at once.
void write_random_model(const std::filesystem::path& folder,
                        const workflows::predict::esmfold::ModelConfig& config,
                        std::uint64_t seed = 1);

/// ESM-2 of 650 million parameters; or of 3 billion.
workflows::predict::esmfold::LanguageModelConfig esm2_650m();
workflows::predict::esmfold::LanguageModelConfig esm2_3b();

}  // namespace foldstream::bench
