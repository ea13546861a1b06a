// Attention without a matrix of all scores, whatever LibTorch brings.
#pragma once

#include <ATen/ATen.h>

namespace foldstream::workflows::predict::esmfold {

/// softmax(q kᵀ + bias) v over the last two axes, the softmax in f32.
///
/// On the CPU blocks of queries go over the threads that ATen may use, each of which holds the scores
/// of one block; elsewhere LibTorch's fused attention is used where it has one (2.1 on).
/// @param q, k, v  [B, H, T, d], q scaled; any strides whose last one is 1
/// @param bias  [B or 1, H or 1, T or 1, T], added to the scores; may be undefined
/// @param rows  queries of a block; 0 = chosen
/// @param out  [B, H, T, d], written; any strides whose last one is 1
void attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias,
            int rows, at::Tensor out);

}  // namespace foldstream::workflows::predict::esmfold
