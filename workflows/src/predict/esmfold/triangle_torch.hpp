// The triangle operations on the pair state (Jumper et al., Nature 2021, supplement 1.6.5 and 1.6.6).
#pragma once

#include "blocks_torch.hpp"
#include "weights_torch.hpp"

#include <ATen/ATen.h>

namespace foldstream::workflows::predict::esmfold {

enum class Direction { outgoing, incoming };

/// z [L, L, C] f32 += triangle multiplicative update of z; algorithms 11 and 12.
class TriangleProduct {
 public:
  TriangleProduct(const Weights& weights, Direction direction);

  /// @param pair_mask  [L, L] f32, 0 where a residue is padding; undefined: none is
  void add_to(at::Tensor z, const at::Tensor& pair_mask, const BlockSize& size) const;

 private:
  void project(const at::Tensor& z, const at::Tensor& pair_mask, std::int64_t from,
               std::int64_t count, at::Tensor& a, at::Tensor& b) const;

  Direction direction_;
  LayerNorm norm_in_, norm_out_;
  at::Tensor projections_;  ///< of a, b, then their gates, [4 C, C]
  at::Tensor biases_;       ///< [4 C, 1]
  Linear gate_, out_;
};

/// z [L, L, C] f32 += triangle self-attention around the starting or ending node; algorithms 13, 14.
class TriangleAttention {
 public:
  /// @param is_ending  columns in place of rows
  TriangleAttention(const Weights& weights, int heads, bool is_ending);

  /// @param key_bias  [L] f32, very low for padding; undefined: there is none
  void add_to(at::Tensor z, const at::Tensor& key_bias, const BlockSize& size) const;

 private:
  at::Tensor pair_bias(const at::Tensor& z, const BlockSize& size) const;

  int heads_;
  bool is_ending_;
  LayerNorm norm_;
  at::Tensor bias_weight_;  ///< [heads, C]
  at::Tensor projections_;  ///< of query (scaled), key, value and gate, [4 C, C]
  at::Tensor gate_bias_;    ///< [C]
  Linear out_;
};

/// x += W₂ relu(W₁ norm(x) + b₁) + b₂ over the last axis, for sequence and pair states.
class Transition {
 public:
  explicit Transition(const Weights& weights);
  /// @param x  [N, C] f32 contiguous
  void add_to(at::Tensor x, std::int64_t rows_of_block) const;
  std::int64_t width() const { return first_.weight.size(0); }

 private:
  LayerNorm norm_;
  Linear first_, second_;
};

}  // namespace foldstream::workflows::predict::esmfold
