// Manifest: which tensors a model of given sizes needs, and what a file lacks of them.
#pragma once

#include "model_config.hpp"

#include <foldstream/tensor.hpp>

#include <map>
#include <string>
#include <vector>

namespace foldstream::workflows::predict::esmfold {

/// A tensor that a model has, named as in Hugging Face's layout.
struct ManifestEntry {
  std::string name;
  Shape shape;
  bool is_optional = false;  ///< used if it is there
};

/// All tensors of the model, the language model's first.
std::vector<ManifestEntry> manifest_of(const ModelConfig& config);

/// Parameters of what is not optional.
std::int64_t parameter_count(const ModelConfig& config);

/// What a file says of a tensor.
struct TensorForm {
  DType dtype = DType::f32;
  Shape shape;
};

/// Everything that is wrong with the tensors of a file, each a sentence: absent ones with the nearest
/// name that the file has, wrong shapes, dtypes that are no floating point. Empty: nothing.
std::vector<std::string> mismatches(const ModelConfig& config,
                                    const std::map<std::string, TensorForm>& tensors);

}  // namespace foldstream::workflows::predict::esmfold
