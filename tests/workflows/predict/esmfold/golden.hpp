// The goldens of ../shared/reference/esmfold_tiny, and how near to them a tensor must be.
#pragma once

#include "predict/esmfold/model_config.hpp"
#include "predict/esmfold/weights_torch.hpp"
#include "test_support.hpp"

#include <foldstream/io/safetensors.hpp>

#include <ATen/ATen.h>

#define FOLDSTREAM_NEEDS_ESMFOLD_TINY() FOLDSTREAM_NEEDS("reference/esmfold_tiny/README.md")

namespace foldstream::workflows::predict::esmfold::test {

inline std::filesystem::path golden_folder() {
  return foldstream::test::shared_folder() / "reference" / "esmfold_tiny";
}

/// The tensors of one of its files, read once.
inline const io::Safetensors& golden_file(const std::string& name) {
  static std::map<std::string, io::Safetensors> files;
  if (!files.contains(name)) files[name] = io::read_safetensors(golden_folder() / name);
  return files.at(name);
}

/// "A.s_s" of expected.safetensors, and so on.
inline at::Tensor expected(const std::string& name) {
  return to_aten(golden_file("expected.safetensors").tensor(name));
}
inline at::Tensor intermediate(const std::string& name) {
  return to_aten(golden_file("intermediates.safetensors").tensor(name));
}
inline at::Tensor input(const std::string& name) {
  return to_aten(golden_file("inputs.safetensors").tensor(name));
}

inline Weights golden_weights(const std::string& file = "model.safetensors",
                              at::TensorOptions options = at::kFloat) {
  return {std::make_shared<NamedTensors>(golden_file(file).tensors), options};
}

inline ModelConfig golden_config(const std::string& file = "config.json") {
  return parse_model_config(foldstream::test::read_text(golden_folder() / file), file);
}

/// Largest absolute difference where `mask` (broadcast) is true.
inline double largest_difference(const at::Tensor& got, const at::Tensor& want,
                                 const at::Tensor& mask = {}) {
  at::Tensor difference = (got.to(at::kCPU, at::kDouble) - want.to(at::kDouble)).abs();
  if (mask.defined()) difference = difference * mask.to(at::kDouble);
  return difference.max().item<double>();
}

/// As the README of the goldens asks of activations: 1e-5 of the largest value. NaN is never near.
inline void expect_near(const at::Tensor& got, const at::Tensor& want, const std::string& what,
                        const at::Tensor& mask = {}, double relative = 1e-5) {
  ASSERT_EQ(got.sizes(), want.sizes()) << what;
  const double scale = want.abs().max().item<double>();
  EXPECT_LE(largest_difference(got, want, mask), relative * scale) << what;
}

}  // namespace foldstream::workflows::predict::esmfold::test
