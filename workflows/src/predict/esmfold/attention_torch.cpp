#include "attention_torch.hpp"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <algorithm>

namespace foldstream::workflows::predict::esmfold {
namespace {

#define FOLDSTREAM_TORCH_IS(major, minor) \
  (TORCH_VERSION_MAJOR > (major) ||       \
   (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

/// Scores of a block: fits a second-level cache beside what they are made of.
constexpr std::int64_t scores_of_block = 64 * 1024;

std::int64_t rows_of_block(std::int64_t queries, std::int64_t keys, int asked) {
  if (asked > 0) return std::min<std::int64_t>(asked, queries);
  return std::clamp<std::int64_t>(scores_of_block / std::max<std::int64_t>(keys, 1), 16, queries);
}

at::Tensor part_of_bias(const at::Tensor& bias, std::int64_t group, std::int64_t from,
                        std::int64_t count) {
  const at::Tensor own = bias.select(0, bias.size(0) == 1 ? 0 : group);
  return own.size(0) == 1 ? own : own.narrow(0, from, count);
}

/// One block of one group, on the calling thread.
void attend_block(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                  const at::Tensor& bias, at::Tensor out) {
  at::Tensor scores = at::mm(q, k.t());
  if (bias.defined()) scores.add_(bias);
  const at::Tensor weights = at::softmax(scores, -1, at::kFloat).to(v.scalar_type());
  at::mm_out(out, weights, v);
}

void attend_on_cpu(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                   const at::Tensor& bias, int rows, const at::Tensor& out) {
  const std::int64_t groups = q.size(0), queries = q.size(1);
  const std::int64_t step = rows_of_block(queries, k.size(1), rows);
  const std::int64_t blocks = (queries + step - 1) / step;
  at::parallel_for(0, groups * blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    const c10::InferenceMode guard;
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t group = i / blocks, from = i % blocks * step;
      const std::int64_t count = std::min(step, queries - from);
      attend_block(q.select(0, group).narrow(0, from, count), k.select(0, group),
                   v.select(0, group),
                   bias.defined() ? part_of_bias(bias, group, from, count) : bias,
                   out.select(0, group).narrow(0, from, count));
    }
  });
}

#if !FOLDSTREAM_TORCH_IS(2, 1)
/// Blocks one after the other, each over all groups.
void attend_in_blocks(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                      const at::Tensor& bias, int rows, at::Tensor out) {
  const std::int64_t queries = q.size(1);
  const std::int64_t step = rows_of_block(queries, k.size(1) * q.size(0), rows);
  for (std::int64_t from = 0; from < queries; from += step) {
    const std::int64_t count = std::min(step, queries - from);
    at::Tensor scores = at::bmm(q.narrow(1, from, count), k.transpose(1, 2));
    if (bias.defined())
      scores.add_(bias.size(1) == 1 ? bias : bias.narrow(1, from, count));
    out.narrow(1, from, count)
        .copy_(at::bmm(at::softmax(scores, -1, at::kFloat).to(v.scalar_type()), v));
  }
}
#endif

}  // namespace

void attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias,
            int rows, at::Tensor out) {
  if (q.is_cpu()) return attend_on_cpu(q, k, v, bias, rows, out);
#if FOLDSTREAM_TORCH_IS(2, 1)
  // as [1, G, T, d], which the fused kernels know
  const auto as_heads = [](const at::Tensor& x) { return x.unsqueeze(0); };
  std::optional<at::Tensor> mask;
  if (bias.defined())
    mask = as_heads(bias).expand({1, q.size(0), q.size(1), k.size(1)}).to(q.scalar_type());
  out.copy_(at::scaled_dot_product_attention(as_heads(q), as_heads(k), as_heads(v), mask, 0.0, false,
                                             1.0)
                .squeeze(0));
#else
  attend_in_blocks(q, k, v, bias, rows, out);
#endif
}

}  // namespace foldstream::workflows::predict::esmfold
