#include "attention_torch.hpp"

#include "blocks_torch.hpp"
#include "torch_version.hpp"


#include <algorithm>

namespace foldstream::workflows::predict::esmfold {
namespace {

/// Scores of a block: they fit a second-level cache beside what they are made of.
constexpr std::int64_t scores_of_block = 64 * 1024;

std::int64_t rows_of_block(std::int64_t queries, std::int64_t keys, int asked) {
  if (asked > 0) return std::min<std::int64_t>(asked, queries);
  const std::int64_t least = std::min<std::int64_t>(16, queries);
  return std::clamp<std::int64_t>(scores_of_block / std::max<std::int64_t>(keys, 1), least, queries);
}

/// Of a block of one head, [count or 1, T].
at::Tensor bias_of(const at::Tensor& bias, std::int64_t item, std::int64_t head, std::int64_t from,
                   std::int64_t count) {
  const at::Tensor own = bias.select(0, bias.size(0) == 1 ? 0 : item)
                             .select(0, bias.size(1) == 1 ? 0 : head);
  return own.size(0) == 1 ? own : own.narrow(0, from, count);
}

/// Attention of single heads on the calling thread; keeps the room for scores.
class Block {
 public:
  void attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias,
              at::Tensor out) {
    if (!scores_.defined() || scores_.size(0) != q.size(0) || scores_.size(1) != k.size(0)) {
      scores_ = at::empty({q.size(0), k.size(0)}, q.options());
      weights_ = at::empty_like(scores_);
    }
    if (bias.defined())
      at::addmm_out(scores_, bias, q, k.t());
    else
      at::mm_out(scores_, q, k.t());
    at::_softmax_out(weights_, scores_, -1, false);
    at::mm_out(out, weights_, v);
  }

 private:
  at::Tensor scores_, weights_;
};

void attend_on_cpu(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                   const at::Tensor& bias, int rows, const at::Tensor& out) {
  const std::int64_t heads = q.size(1), queries = q.size(2);
  const std::int64_t step = rows_of_block(queries, k.size(2), rows);
  const std::int64_t blocks = (queries + step - 1) / step;
  over_threads(q.size(0) * heads * blocks, [&](std::int64_t i) {
    thread_local Block block;
    const std::int64_t item = i / blocks / heads, head = i / blocks % heads;
    const std::int64_t from = i % blocks * step, count = std::min(step, queries - from);
    const auto of = [&](const at::Tensor& x) { return x.select(0, item).select(0, head); };
    block.attend(of(q).narrow(0, from, count), of(k), of(v),
                 bias.defined() ? bias_of(bias, item, head, from, count) : bias,
                 of(out).narrow(0, from, count));
  });
}

/// Blocks one after the other, each over all heads.
void attend_in_blocks(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                      const at::Tensor& bias, int rows, at::Tensor out) {
  const std::int64_t queries = q.size(2);
  const std::int64_t step = rows_of_block(queries, k.size(2), rows);
  for (std::int64_t from = 0; from < queries; from += step) {
    const std::int64_t count = std::min(step, queries - from);
    at::Tensor scores = at::matmul(q.narrow(2, from, count), k.transpose(2, 3));
    if (bias.defined()) scores = scores + (bias.size(2) == 1 ? bias : bias.narrow(2, from, count));
    out.narrow(2, from, count)
        .copy_(at::matmul(at::softmax(scores, -1, at::kFloat).to(v.scalar_type()), v));
  }
}

}  // namespace

void attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias,
            int rows, at::Tensor out) {
  if (q.is_cpu() && q.scalar_type() == at::kFloat) return attend_on_cpu(q, k, v, bias, rows, out);
#if FOLDSTREAM_TORCH_IS(2, 1)
  if (q.size(3) % 8 == 0) {  // as the fused kernels want it
    std::optional<at::Tensor> mask;
    if (bias.defined())
      mask = bias.to(q.scalar_type()).expand({q.size(0), q.size(1), q.size(2), k.size(2)});
    out.copy_(at::scaled_dot_product_attention(q, k, v, mask, 0.0, false, 1.0));
    return;
  }
#endif
  attend_in_blocks(q, k, v, bias, rows, out);
}

}  // namespace foldstream::workflows::predict::esmfold
