// Weights of a model as ATen tensors, and the layers that every part of the model is made of.
#pragma once

#include <foldstream/tensor.hpp>

#include <ATen/ATen.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace foldstream::workflows::predict::esmfold {

using NamedTensors = std::map<std::string, Tensor>;

/// The bytes of `tensor`, uncopied: the result keeps them alive. Nobody may write to it.
at::Tensor to_aten(const Tensor& tensor);
/// A contiguous copy on the host, or the same bytes where `tensor` is contiguous there.
Tensor from_aten(const at::Tensor& tensor);

/// Tensors by name below a prefix, brought to a device and a dtype when asked for. On the CPU a
/// tensor that has the dtype already is not copied. Copies are cheap.
class Weights {
 public:
  Weights(std::shared_ptr<const NamedTensors> tensors, at::TensorOptions options,
          std::string prefix = {});

  /// Those whose names begin with "<this prefix><name>.".
  Weights below(std::string_view name) const;
  /// The same tensors, floating-point ones in f32.
  Weights in_f32() const;
  bool contains(std::string_view name) const;
  /// Floating-point tensors in the dtype of the options, others as they are.
  /// @throws Error{NotFound} naming the tensor.
  at::Tensor tensor(std::string_view name) const;
  /// As `tensor`, in f32 whatever the options say.
  at::Tensor tensor_f32(std::string_view name) const;
  const at::TensorOptions& options() const noexcept { return options_; }

 private:
  const Tensor& find(std::string_view name) const;

  std::shared_ptr<const NamedTensors> tensors_;
  at::TensorOptions options_;
  std::string prefix_;
};

// States (what blocks add to) are f32 on every device; the inputs of matrix products are brought to the
// dtype of the weights, and norms are computed in f32.

/// x Wᵀ + b over the last axis; `bias` may be undefined.
struct Linear {
  at::Tensor weight;  ///< [out, in]
  at::Tensor bias;    ///< [out]

  Linear() = default;
  /// "weight" and, if it is there, "bias".
  explicit Linear(const Weights& weights);
  /// In the dtype of the weights.
  at::Tensor operator()(const at::Tensor& x) const;
  /// state += x Wᵀ + b, in place; the state is contiguous f32, of the same leading sizes as x.
  void add_to(at::Tensor state, const at::Tensor& x) const;
};

/// Over the last axis, with "weight" and "bias", in f32.
struct LayerNorm {
  at::Tensor weight;
  at::Tensor bias;
  double epsilon = 1e-5;

  LayerNorm() = default;
  explicit LayerNorm(const Weights& weights, double norm_epsilon = 1e-5);
  at::Tensor operator()(const at::Tensor& x) const;  ///< of f32, contiguous
};

}  // namespace foldstream::workflows::predict::esmfold
