// Attention without a matrix of all scores, whatever LibTorch brings.
#pragma once

#include <ATen/ATen.h>

namespace foldstream::workflows::predict::esmfold {

/// softmax(q kᵀ + bias) v over the last two axes, in f32 inside; q comes scaled.
///
/// On the CPU blocks of queries go over the threads that ATen may use, and no more than a block's
/// scores is held by each; elsewhere LibTorch's fused attention is used if it has one (2.1 on).
/// @param q, k, v  [G, T, d]: any strides whose last one is 1. G are groups (batch × heads).
/// @param bias  [G or 1, T or 1, T], added to the scores; may be undefined
/// @param rows  queries of a block; 0 = chosen
/// @param out  [G, T, d], written; any strides whose last one is 1
void attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias,
            int rows, at::Tensor out);

}  // namespace foldstream::workflows::predict::esmfold
