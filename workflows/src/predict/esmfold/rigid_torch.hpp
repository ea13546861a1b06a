// Rotations and translations of many frames at once, in f32.
#pragma once

#include <ATen/ATen.h>

namespace foldstream::workflows::predict::esmfold {

/// Frames [..]: a rotation [.., 3, 3] and a translation [.., 3].
struct Frames {
  at::Tensor rotation;
  at::Tensor translation;
};

/// Rotations [.., 3, 3] of unit quaternions w, x, y, z [.., 4].
at::Tensor rotations_of(const at::Tensor& quaternions);

/// R v for v [.., 3] and R [.., 3, 3] of sizes that broadcast.
at::Tensor rotated(const at::Tensor& rotation, const at::Tensor& v);

/// Rᵀ v.
at::Tensor rotated_back(const at::Tensor& rotation, const at::Tensor& v);

/// `inner` seen from outside of `outer`.
Frames compose(const Frames& outer, const Frames& inner);

/// Quaternions turned by the vector part [.., 3] of (1, b, c, d), of unit length again
/// (Jumper et al., supplement, algorithm 23).
at::Tensor turned(const at::Tensor& quaternions, const at::Tensor& vector);

}  // namespace foldstream::workflows::predict::esmfold
