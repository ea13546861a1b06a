// Models of any size with random weights, to measure what only depends on their size.
#pragma once

#include "predict/esmfold/opened_model.hpp"

#include <cstdint>

namespace foldstream::bench {

/// Every tensor of the manifest, uniform within ±0.03, never so small that it is denormal.
workflows::predict::esmfold::OpenedModel random_model(
    const workflows::predict::esmfold::ModelConfig& config, std::uint64_t seed = 1);

/// ESM-2 of 650 million parameters; or of 3 billion.
workflows::predict::esmfold::LanguageModelConfig esm2_650m();
workflows::predict::esmfold::LanguageModelConfig esm2_3b();

}  // namespace foldstream::bench
