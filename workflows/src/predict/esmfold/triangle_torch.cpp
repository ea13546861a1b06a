#include "triangle_torch.hpp"

#include "attention_torch.hpp"

#include <cmath>

namespace foldstream::workflows::predict::esmfold {
namespace {

/// Batched products x[c] = a[c] b[c]ᵀ, one channel a thread on the CPU.
void product(const at::Tensor& a, const at::Tensor& b, at::Tensor x) {
  if (!a.is_cpu()) {
    at::bmm_out(x, a, b.transpose(1, 2));
    return;
  }
  for_blocks(a.size(0), 1, true, [&](std::int64_t channel, std::int64_t) {
    at::Tensor out = x.select(0, channel);
    at::mm_out(out, a.select(0, channel), b.select(0, channel).t());
  });
}

}  // namespace

TriangleProduct::TriangleProduct(const Weights& weights, Direction direction)
    : direction_(direction),
      norm_in_(weights.below("layer_norm_in")),
      norm_out_(weights.below("layer_norm_out")),
      gate_(weights.below("linear_g")),
      out_(weights.below("linear_z")) {
  const Linear a(weights.below("linear_a_p")), b(weights.below("linear_b_p"));
  const Linear a_gate(weights.below("linear_a_g")), b_gate(weights.below("linear_b_g"));
  projections_ = at::cat({a.weight, b.weight, a_gate.weight, b_gate.weight});
  biases_ = at::cat({a.bias, b.bias, a_gate.bias, b_gate.bias}).unsqueeze(1);
}

/// Rows of z into a and b, channels first.
void TriangleProduct::project(const at::Tensor& z, const at::Tensor& pair_mask, std::int64_t from,
                              std::int64_t count, at::Tensor& a, at::Tensor& b) const {
  const std::int64_t length = z.size(1), channels = z.size(2);
  const at::Tensor normed =
      norm_in_(z.narrow(0, from, count)).view({-1, channels}).to(projections_.scalar_type());
  at::Tensor all = at::addmm(biases_, projections_, normed.t());  // [4 C, count × L]
  all.narrow(0, 2 * channels, 2 * channels).sigmoid_();
  at::Tensor both = all.narrow(0, 0, 2 * channels).mul_(all.narrow(0, 2 * channels, 2 * channels));
  if (pair_mask.defined()) both.mul_(pair_mask.narrow(0, from, count).reshape({1, -1}));
  both = both.view({2 * channels, count, length});
  a.narrow(1, from, count).copy_(both.narrow(0, 0, channels));
  b.narrow(1, from, count).copy_(both.narrow(0, channels, channels));
}

void TriangleProduct::add_to(at::Tensor z, const at::Tensor& pair_mask,
                             const BlockSize& size) const {
  const std::int64_t length = z.size(0), channels = z.size(2);
  const auto options = z.options().dtype(projections_.scalar_type());
  at::Tensor a = at::empty({channels, length, length}, options), b = at::empty_like(a);
  const std::int64_t rows = size.rows(length, length, 9 * channels, z.is_cpu());
  for_blocks(length, rows, z.is_cpu(), [&](std::int64_t from, std::int64_t count) {
    project(z, pair_mask, from, count, a, b);
  });
  at::Tensor x = at::empty_like(a);
  if (direction_ == Direction::outgoing)
    product(a, b, x);
  else
    product(a.transpose(1, 2), b.transpose(1, 2), x);
  a.reset();
  b.reset();
  for_blocks(length, rows, z.is_cpu(), [&](std::int64_t from, std::int64_t count) {
    at::Tensor own = z.narrow(0, from, count);
    const at::Tensor gate = gate_(norm_in_(own)).sigmoid_();
    const at::Tensor mixed =
        norm_out_(x.narrow(1, from, count).permute({1, 2, 0}).to(at::kFloat).contiguous());
    own.add_(out_(mixed).mul_(gate));
  });
}

TriangleAttention::TriangleAttention(const Weights& weights, int heads, bool is_ending)
    : heads_(heads),
      is_ending_(is_ending),
      norm_(weights.below("layer_norm")),
      bias_weight_(weights.tensor("linear.weight")),
      gate_bias_(weights.tensor("mha.linear_g.bias")),
      out_(weights.below("mha.linear_o")) {
  const at::Tensor query = weights.tensor("mha.linear_q.weight");
  const double scale = 1 / std::sqrt(static_cast<double>(query.size(0) / heads));
  projections_ = at::cat({query * scale, weights.tensor("mha.linear_k.weight"),
                          weights.tensor("mha.linear_v.weight"),
                          weights.tensor("mha.linear_g.weight")});
}

/// Of each head for (query, key), [heads, L, L].
at::Tensor TriangleAttention::pair_bias(const at::Tensor& z, const BlockSize& size) const {
  const std::int64_t length = z.size(0), channels = z.size(2);
  at::Tensor bias = at::empty({heads_, length, length}, z.options());
  const std::int64_t rows = size.rows(length, length, 2 * channels, z.is_cpu());
  for_blocks(length, rows, z.is_cpu(), [&](std::int64_t from, std::int64_t count) {
    const at::Tensor normed = norm_(z.narrow(0, from, count)).view({-1, channels});
    bias.narrow(1, from, count)
        .copy_(at::mm(bias_weight_, normed.to(bias_weight_.scalar_type()).t())
                   .view({heads_, count, length}));
  });
  return is_ending_ ? bias.transpose(1, 2).contiguous() : bias;
}

void TriangleAttention::add_to(at::Tensor z, const at::Tensor& key_bias,
                               const BlockSize& size) const {
  const std::int64_t length = z.size(0), channels = z.size(2), width = channels / heads_;
  at::Tensor bias = pair_bias(z, size);
  if (key_bias.defined()) bias.add_(key_bias.view({1, 1, length}));
  bias = bias.unsqueeze(0);
  const at::Tensor rows_first = is_ending_ ? z.transpose(0, 1) : z;
  const std::int64_t rows = size.rows(length, length, 9 * channels, z.is_cpu());
  for_blocks(length, rows, z.is_cpu(), [&](std::int64_t from, std::int64_t count) {
    const at::Tensor normed = norm_(rows_first.narrow(0, from, count).contiguous());
    const at::Tensor all = at::linear(normed.to(projections_.scalar_type()), projections_);
    const auto part = [&](int i) {
      return all.narrow(2, i * channels, channels)
          .view({count, length, heads_, width})
          .transpose(1, 2);
    };
    at::Tensor mixed = at::empty({count, length, channels}, all.options());
    attend(part(0), part(1), part(2), bias, size.asked,
           mixed.view({count, length, heads_, width}).transpose(1, 2));
    mixed.mul_((all.narrow(2, 3 * channels, channels) + gate_bias_).sigmoid_());
    rows_first.narrow(0, from, count).add_(out_(mixed));
  });
}

Transition::Transition(const Weights& weights)
    : norm_(weights.below("0")), first_(weights.below("1")), second_(weights.below("3")) {}

void Transition::add_to(at::Tensor x, std::int64_t rows_of_block) const {
  for_blocks(x.size(0), rows_of_block, x.is_cpu(), [&](std::int64_t from, std::int64_t count) {
    at::Tensor own = x.narrow(0, from, count);
    second_.add_to(own, first_(norm_(own)).relu_());
  });
}

}  // namespace foldstream::workflows::predict::esmfold
