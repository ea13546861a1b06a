// Floating-point formats of weights: one into the other, without LibTorch.
#pragma once

#include <foldstream/tensor.hpp>

namespace foldstream::workflows::predict {

/// The same values in another floating-point format, rounded to nearest, ties to even; too large ones
/// become infinite. The tensor itself where it has the dtype.
/// @throws Error{InvalidArgument} if one of the two dtypes is no floating point.
Tensor converted(const Tensor& tensor, DType dtype);

bool is_floating_point(DType dtype);

/// Whether no value is infinite or NaN. True for integers.
bool all_finite(const Tensor& tensor);

}  // namespace foldstream::workflows::predict
