#include "rigid_torch.hpp"

namespace foldstream::workflows::predict::esmfold {

at::Tensor rotations_of(const at::Tensor& quaternions) {
  const auto part = [&](int i) { return quaternions.select(-1, i); };
  const at::Tensor w = part(0), x = part(1), y = part(2), z = part(3);
  const at::Tensor ww = w * w, xx = x * x, yy = y * y, zz = z * z;
  return at::stack({ww + xx - yy - zz, 2 * (x * y - w * z), 2 * (x * z + w * y),
                    2 * (x * y + w * z), ww - xx + yy - zz, 2 * (y * z - w * x),
                    2 * (x * z - w * y), 2 * (y * z + w * x), ww - xx - yy + zz},
                   -1)
      .unflatten(-1, {3, 3});
}

at::Tensor rotated(const at::Tensor& rotation, const at::Tensor& v) {
  return (rotation * v.unsqueeze(-2)).sum(-1);
}

at::Tensor rotated_back(const at::Tensor& rotation, const at::Tensor& v) {
  return (rotation * v.unsqueeze(-1)).sum(-2);
}

Frames compose(const Frames& outer, const Frames& inner) {
  return {at::matmul(outer.rotation, inner.rotation),
          rotated(outer.rotation, inner.translation) + outer.translation};
}

at::Tensor turned(const at::Tensor& quaternions, const at::Tensor& vector) {
  const auto q = [&](int i) { return quaternions.select(-1, i); };
  const auto v = [&](int i) { return vector.select(-1, i); };
  // q + q (0, v)
  const at::Tensor next = at::stack(
      {q(0) - q(1) * v(0) - q(2) * v(1) - q(3) * v(2), q(1) + q(0) * v(0) + q(2) * v(2) - q(3) * v(1),
       q(2) + q(0) * v(1) - q(1) * v(2) + q(3) * v(0), q(3) + q(0) * v(2) + q(1) * v(1) - q(2) * v(0)},
      -1);
  return next / next.square().sum(-1, true).sqrt();
}

}  // namespace foldstream::workflows::predict::esmfold
