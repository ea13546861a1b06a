#include "heads_torch.hpp"

#include "residue_geometry.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace foldstream::workflows::predict::esmfold {
namespace {

constexpr int lddt_bins = 50;
constexpr int error_bins = 64;
constexpr double error_width = 31.0 / 62;  // Å: 63 edges from 0 to 31

/// Scale of distances of the TM-score of n residues, Å (Zhang & Skolnick, Proteins 2004, equation 5).
double tm_scale(std::int64_t n) {
  return 1.24 * std::cbrt(static_cast<double>(std::max<std::int64_t>(n, 19)) - 15) - 1.8;
}

at::Tensor bin_centres(int bins, double width, const at::TensorOptions& options) {
  return (at::arange(bins, options.dtype(at::kFloat)) + 0.5) * width;
}

/// How many residues each item has, on the host.
std::vector<std::int64_t> lengths_of(const at::Tensor& mask, std::int64_t batch,
                                     std::int64_t length) {
  std::vector<std::int64_t> lengths(static_cast<std::size_t>(batch), length);
  if (!mask.defined()) return lengths;
  const at::Tensor counts = mask.sum(1).to(at::kCPU, at::kLong).contiguous();
  std::copy_n(counts.data_ptr<std::int64_t>(), lengths.size(), lengths.begin());
  return lengths;
}

}  // namespace

Heads::Heads(const Weights& weights)
    : lddt_norm_(weights.below("lddt_head.0")),
      lddt_first_(weights.below("lddt_head.1")),
      lddt_second_(weights.below("lddt_head.2")),
      lddt_third_(weights.below("lddt_head.3")),
      ptm_(weights.below("ptm_head")),
      distogram_(weights.below("distogram_head")),
      residues_(weights.below("lm_head")) {}

at::Tensor Heads::lddt_logits(const at::Tensor& states) const {
  return lddt_third_(lddt_second_(lddt_first_(lddt_norm_(states))))
      .unflatten(-1, {atom37_count, lddt_bins});
}

at::Tensor Heads::plddt(const at::Tensor& states) const {
  const at::Tensor weights = at::softmax(lddt_logits(states), -1, at::kFloat);
  return at::matmul(weights, bin_centres(lddt_bins, 1.0 / lddt_bins, weights.options()));
}

AlignedError Heads::aligned_error(const at::Tensor& z, const at::Tensor& mask,
                                  const BlockSize& size) const {
  const std::int64_t batch = z.size(0), length = z.size(1);
  const at::Tensor centres = bin_centres(error_bins, error_width, z.options());
  AlignedError error{at::empty({batch, length, length}, z.options().dtype(at::kFloat)),
                     at::empty({batch}, z.options().dtype(at::kFloat))};
  const auto lengths = lengths_of(mask, batch, length);
  for (std::int64_t item = 0; item < batch; ++item) {
    const std::int64_t own = lengths[static_cast<std::size_t>(item)];
    const at::Tensor closeness = 1 / (1 + (centres / tm_scale(own)).square());
    const at::Tensor readings = at::stack({centres, closeness}, 1);
    at::Tensor tm = at::empty({length}, z.options().dtype(at::kFloat));
    for_blocks(length, size.rows(length, length, 4 * error_bins, z.is_cpu()), z.is_cpu(),
               [&](std::int64_t from, std::int64_t count) {
                 const at::Tensor logits = ptm_(z.select(0, item).narrow(0, from, count));
                 const at::Tensor read =
                     at::matmul(at::softmax(logits, -1, at::kFloat), readings);
                 error.pae.select(0, item).narrow(0, from, count).copy_(read.select(-1, 0));
                 tm.narrow(0, from, count).copy_(read.select(-1, 1).narrow(1, 0, own).mean(-1));
               });
    error.ptm.select(0, item).copy_(tm.narrow(0, 0, own).max());
  }
  return error;
}

at::Tensor Heads::distogram_logits(const at::Tensor& z) const {
  const at::Tensor logits = distogram_(z);
  return (logits + logits.transpose(1, 2)) / 2;
}

}  // namespace foldstream::workflows::predict::esmfold
