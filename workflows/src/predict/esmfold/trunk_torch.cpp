#include "trunk_torch.hpp"

#include "attention_torch.hpp"

#include <cmath>

namespace foldstream::workflows::predict::esmfold {
namespace {

constexpr double lowest_score = -1e30;  // of a key that is padding

/// [.., L] f32: 0 for residues, very low for padding; undefined where there is none.
at::Tensor bias_of(const at::Tensor& mask) {
  return mask.defined() ? (1 - mask) * lowest_score : at::Tensor();
}

at::Tensor item_of(const at::Tensor& x, std::int64_t item) {
  return x.defined() ? x.select(0, item) : x;
}

}  // namespace

SequenceAttention::SequenceAttention(const Weights& block, int heads)
    : heads_(heads),
      norm_(block.below("layernorm_1")),
      pair_norm_(block.below("pair_to_sequence.layernorm")),
      bias_weight_(block.tensor("pair_to_sequence.linear.weight")),
      projection_(block.below("seq_attention.proj")),
      gate_(block.below("seq_attention.g_proj")),
      out_(block.below("seq_attention.o_proj")) {}

/// [B, heads, L, L]
at::Tensor SequenceAttention::pair_bias(const at::Tensor& z, const BlockSize& size) const {
  const std::int64_t batch = z.size(0), length = z.size(1), channels = z.size(3);
  at::Tensor bias = at::empty({batch, heads_, length, length}, z.options());
  const std::int64_t rows = size.rows(length, length, 2 * channels, z.is_cpu());
  for (std::int64_t item = 0; item < batch; ++item)
    for_blocks(length, rows, z.is_cpu(), [&](std::int64_t from, std::int64_t count) {
      const at::Tensor normed =
          pair_norm_(z.select(0, item).narrow(0, from, count)).view({-1, channels});
      bias.select(0, item).narrow(1, from, count)
          .copy_(at::mm(bias_weight_, normed.to(bias_weight_.scalar_type()).t())
                     .view({heads_, count, length}));
    });
  return bias;
}

void SequenceAttention::add_to(at::Tensor s, const at::Tensor& z, const at::Tensor& key_bias,
                               const BlockSize& size) const {
  at::Tensor bias = pair_bias(z, size);
  if (key_bias.defined()) bias.add_(key_bias.view({s.size(0), 1, 1, s.size(1)}));
  const at::Tensor normed = norm_(s);
  // each head has its query, key and value beside each other
  const at::Tensor all = projection_(normed).view({s.size(0), s.size(1), heads_, 3, -1});
  const double scale = 1 / std::sqrt(static_cast<double>(all.size(4)));
  const auto part = [&](int i) { return all.select(3, i).transpose(1, 2); };
  at::Tensor mixed = at::empty({s.size(0), s.size(1), heads_, all.size(4)}, all.options());
  attend(part(0) * scale, part(1), part(2), bias, size.asked, mixed.transpose(1, 2));
  out_.add_to(s, mixed.flatten(2).mul_(gate_(normed).sigmoid_()));
}

SequenceToPair::SequenceToPair(const Weights& weights)
    : norm_(weights.below("layernorm")), projection_(weights.below("proj")) {
  const Linear out(weights.below("o_proj"));
  const std::int64_t half = out.weight.size(1) / 2;
  of_product_ = out.weight.narrow(1, 0, half).contiguous();
  of_difference_ = out.weight.narrow(1, half, half).contiguous();
  bias_ = out.bias;
}

/// W [qⱼ kᵢ, qⱼ − kᵢ] + b = Wₚ (qⱼ kᵢ) + W₂ qⱼ − W₂ kᵢ + b: only the product is made for each pair.
void SequenceToPair::add_to(at::Tensor z, const at::Tensor& s, const BlockSize& size) const {
  const std::int64_t length = z.size(1), channels = z.size(3);
  const at::Tensor both = projection_(norm_(s));
  const std::int64_t half = both.size(2) / 2;
  const at::Tensor q = both.narrow(2, 0, half), k = both.narrow(2, half, half);
  const at::Tensor of_columns = (at::matmul(q, of_difference_.t()) + bias_).to(at::kFloat);
  const at::Tensor of_rows = at::matmul(k, of_difference_.t()).to(at::kFloat);
  const std::int64_t rows = size.rows(length, length, 3 * channels, z.is_cpu());
  Linear product;
  product.weight = of_product_;
  for (std::int64_t item = 0; item < z.size(0); ++item)
    for_blocks(length, rows, z.is_cpu(), [&](std::int64_t from, std::int64_t count) {
      at::Tensor own = z.select(0, item).narrow(0, from, count);
      product.add_to(own, q.select(0, item).unsqueeze(0) *
                              k.select(0, item).narrow(0, from, count).unsqueeze(1));
      own.add_(of_columns.select(0, item).unsqueeze(0))
          .sub_(of_rows.select(0, item).narrow(0, from, count).unsqueeze(1));
    });
}

TrunkBlock::TrunkBlock(const TrunkConfig& config, const Weights& weights)
    : attention_(weights, config.sequence_heads()),
      sequence_transition_(weights.below("mlp_seq.mlp")),
      sequence_to_pair_(weights.below("sequence_to_pair")),
      outgoing_(weights.below("tri_mul_out"), Direction::outgoing),
      incoming_(weights.below("tri_mul_in"), Direction::incoming),
      starting_(weights.below("tri_att_start"), config.pair_heads(), false),
      ending_(weights.below("tri_att_end"), config.pair_heads(), true),
      pair_transition_(weights.below("mlp_pair.mlp")) {}

void TrunkBlock::update(PairState& state, const at::Tensor& mask, const BlockSize& size) const {
  const at::Tensor key_bias = bias_of(mask);
  attention_.add_to(state.s, state.z, key_bias, size);
  // of rows that all threads of a product share: there are few
  const at::Tensor rows_of_s = state.s.view({-1, state.s.size(2)});
  sequence_transition_.add_to(rows_of_s, rows_of_s.size(0));
  sequence_to_pair_.add_to(state.z, state.s, size);
  for (std::int64_t item = 0; item < state.z.size(0); ++item) {
    const at::Tensor z = state.z.select(0, item), own_mask = item_of(mask, item);
    const at::Tensor pair_mask =
        own_mask.defined() ? own_mask.unsqueeze(0) * own_mask.unsqueeze(1) : own_mask;
    outgoing_.add_to(z, pair_mask, size);
    incoming_.add_to(z, pair_mask, size);
    starting_.add_to(z, item_of(key_bias, item), size);
    ending_.add_to(z, item_of(key_bias, item), size);
  }
  const std::int64_t length = state.z.size(1);
  pair_transition_.add_to(
      state.z.view({-1, state.z.size(3)}),
      length * size.rows(length, length, 2 * pair_transition_.width(), state.z.is_cpu()));
}

Trunk::Trunk(const TrunkConfig& config, const Weights& weights)
    : config_(config),
      positions_(weights.tensor_f32("pairwise_positional_embedding.embedding.weight")),
      bins_(weights.tensor_f32("recycle_disto.weight")),
      s_norm_(weights.below("recycle_s_norm")),
      z_norm_(weights.below("recycle_z_norm")),
      to_structure_s_(weights.in_f32().below("trunk2sm_s")),
      to_structure_z_(weights.in_f32().below("trunk2sm_z")) {
  for (int i = 0; i < config.blocks; ++i)
    blocks_.emplace_back(config, weights.below("blocks." + std::to_string(i)));
}

PairState Trunk::enter(const TrunkInput& input, PairState previous, const at::Tensor& bins,
                       const BlockSize& size) const {
  const std::int64_t batch = input.s.size(0), length = input.s.size(1), channels = config_.pair_dim;
  if (!previous.s.defined()) previous.s = at::zeros_like(input.s, input.s.options().dtype(at::kFloat));
  if (!previous.z.defined())
    previous.z = at::zeros({batch, length, length, channels}, previous.s.options());
  at::Tensor s = s_norm_(previous.s).add_(input.s);
  const at::Tensor places =
      relative_positions(input.residue_index, input.mask, config_.position_bins);
  const at::Tensor own_bins = bins.defined() ? bins : at::zeros_like(places);
  at::Tensor rows = previous.z.view({batch * length, length, channels});
  const at::Tensor places_of_rows = places.view({batch * length, length});
  const at::Tensor bins_of_rows = own_bins.view({batch * length, length});
  const bool is_cpu = rows.is_cpu();
  for_blocks(batch * length, size.rows(batch * length, length, 4 * channels, is_cpu), is_cpu,
             [&](std::int64_t from, std::int64_t count) {
               at::Tensor own = rows.narrow(0, from, count);
               own.copy_(z_norm_(own));
               own.add_(at::embedding(bins_, bins_of_rows.narrow(0, from, count)));
               own.add_(at::embedding(positions_, places_of_rows.narrow(0, from, count)));
             });
  return {std::move(s), std::move(previous.z)};
}

PairState Trunk::pass(const TrunkInput& input, PairState previous, const at::Tensor& bins,
                      const TrunkOptions& options) const {
  PairState state = enter(input, std::move(previous), bins, options.size);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (options.progress) options.progress(static_cast<int>(i));
    blocks_[i].update(state, input.mask, options.size);
  }
  return state;
}

at::Tensor recycling_bins(const at::Tensor& positions, int bins) {
  const at::Tensor n = positions.select(2, 0), ca = positions.select(2, 1),
                   c = positions.select(2, 2);
  const at::Tensor b = ca - n, d = c - ca;
  // the Cβ of ideal geometry (Dauparas et al., Science 2022, as in the reference)
  const at::Tensor cb = -0.58273431 * at::cross(b, d, -1) + 0.56802827 * b - 0.54067466 * d + ca;
  const at::Tensor squared = (cb.unsqueeze(2) - cb.unsqueeze(1)).square().sum(-1);
  at::Tensor edges = at::linspace(3.375, 21.375, bins - 1, positions.options().dtype(at::kFloat));
  edges = edges.square();
  at::Tensor found = at::zeros(squared.sizes(), squared.options().dtype(at::kLong));
  for (int i = 0; i + 1 < bins; ++i) found.add_(squared.gt(edges.select(0, i)));
  return found;
}

at::Tensor relative_positions(const at::Tensor& residue_index, const at::Tensor& mask, int reach) {
  at::Tensor index = residue_index.unsqueeze(1) - residue_index.unsqueeze(2);
  index = index.clamp_(-reach, reach).add_(reach + 1);
  if (!mask.defined()) return index;
  const at::Tensor whole = mask.to(at::kLong);
  return index.mul_(whole.unsqueeze(1) * whole.unsqueeze(2));
}

}  // namespace foldstream::workflows::predict::esmfold
