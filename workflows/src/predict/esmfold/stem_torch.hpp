// The stem of ESMFold: from residues and the language model's states to the trunk's first state.
#pragma once

#include "weights_torch.hpp"

#include <ATen/ATen.h>

namespace foldstream::workflows::predict::esmfold {

/// What the language model reads: <cls>, the residues, <eos> and padding, [B, L + 2] i64.
/// @param types  residue types [B, L] i64
/// @param mask  [B, L], true for residues; they come first
at::Tensor language_tokens(const at::Tensor& types, const at::Tensor& mask);

/// Shapes: C is the width of the language model, S that of the trunk's sequence state.
class Stem {
 public:
  /// @param weights  all of the model
  explicit Stem(const Weights& weights);

  /// How the language model's states are mixed, [layers + 1] f32, of sum 1.
  at::Tensor mixture() const { return mixture_; }
  /// The mixed states [B, L, C] f32 brought to the trunk's width, [B, L, S].
  at::Tensor project(const at::Tensor& mixed) const;
  /// Of residue types [B, L], [B, L, S]: added to that, it is the trunk's first state.
  at::Tensor residues(const at::Tensor& types) const;

 private:
  at::Tensor mixture_, embedding_;
  LayerNorm norm_;
  Linear first_, second_;
};

}  // namespace foldstream::workflows::predict::esmfold
