// The names of weights: those of Meta's files become Hugging Face's, which are those of the manifest.
#pragma once

#include "manifest.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace foldstream::workflows::predict::esmfold {

/// The manifest's name of a tensor of esm2_*.pt; nothing for one that the model does not use.
/// "model.encoder.sentence_encoder.layers.3.fc1.weight" → "esm.encoder.layer.3.intermediate.dense.weight".
std::optional<std::string> name_of_esm2(std::string_view name);

/// The same for esmfold_*.pt, whose names differ only in what wraps them:
/// "model.trunk.trunk2sm_s.bias" → "trunk.trunk2sm_s.bias".
std::optional<std::string> name_of_esmfold(std::string_view name);

/// The sizes of a model that came without config.json, read off its tensors (manifest's names).
/// @throws Error{Parse} naming the tensor that would tell and is absent.
ModelConfig config_of_tensors(const std::map<std::string, TensorForm>& tensors,
                              const std::string& file);

/// A config.json of Hugging Face's layout.
std::string format_model_config(const ModelConfig& config);

}  // namespace foldstream::workflows::predict::esmfold
