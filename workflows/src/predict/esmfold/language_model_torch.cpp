#include "language_model_torch.hpp"

#include "attention_torch.hpp"
#include "blocks_torch.hpp"
#include "tokens.hpp"

#include <cmath>
#include <limits>

namespace foldstream::workflows::predict::esmfold {
namespace {

constexpr std::int64_t tokens_of_block = 16;
constexpr double masked_in_training = 0.15 * 0.8;
constexpr double lowest_score = -1e30;  // of a key that is padding

/// Turns x [.., width] in place: element d and d + width / 2 are a pair.
void rotate(at::Tensor& x, const at::Tensor& cosine, const at::Tensor& sine) {
  const std::int64_t half = x.size(-1) / 2;
  at::Tensor first = x.narrow(-1, 0, half), second = x.narrow(-1, half, half);
  const at::Tensor before = first * sine;
  first.mul_(cosine).addcmul_(second, sine, -1);
  second.mul_(cosine).add_(before);
}

/// [B, T, heads, width] → [B, heads, T, width], a view.
at::Tensor by_head(const at::Tensor& x) { return x.transpose(1, 2); }

}  // namespace

LanguageModel::LanguageModel(const LanguageModelConfig& config, const Weights& weights)
    : config_(config),
      embedding_(weights.tensor("embeddings.word_embeddings.weight")),
      last_norm_(weights.below("encoder.emb_layer_norm_after"), config.norm_epsilon) {
  for (int i = 0; i < config.layers; ++i) {
    const Weights own = weights.below("encoder.layer." + std::to_string(i));
    const Weights attention = own.below("attention");
    Layer layer;
    layer.attention_norm = LayerNorm(attention.below("LayerNorm"), config.norm_epsilon);
    layer.norm = LayerNorm(own.below("LayerNorm"), config.norm_epsilon);
    layer.query = Linear(attention.below("self.query"));
    layer.key = Linear(attention.below("self.key"));
    layer.value = Linear(attention.below("self.value"));
    layer.attention_out = Linear(attention.below("output.dense"));
    layer.wide = Linear(own.below("intermediate.dense"));
    layer.out = Linear(own.below("output.dense"));
    const Weights rotary = attention.below("self.rotary_embeddings");
    if (rotary.contains("inv_freq")) layer.frequencies = rotary.tensor_f32("inv_freq");
    layers_.push_back(std::move(layer));
  }
}

/// Token dropout as in training, where a share of tokens is masked: that of zeros is kept up.
at::Tensor LanguageModel::embed(const at::Tensor& tokens) const {
  at::Tensor hidden = at::embedding(embedding_, tokens).to(at::kFloat);
  if (config_.token_dropout) {
    const at::Tensor is_mask = tokens.eq(config_.mask_token);
    const at::Tensor counted = tokens.ne(config_.pad_token).sum(-1).to(at::kFloat);
    const at::Tensor share = is_mask.sum(-1).to(at::kFloat) / counted;
    const at::Tensor scale = (1 - masked_in_training) / (1 - share);
    hidden.masked_fill_(is_mask.unsqueeze(-1), 0).mul_(scale.view({-1, 1, 1}));
  }
  return hidden.mul_(tokens.ne(config_.pad_token).unsqueeze(-1));
}

LanguageModel::Rotation LanguageModel::rotation(const Layer& layer, std::int64_t tokens) const {
  at::Tensor frequencies = layer.frequencies;
  const auto options = embedding_.options().dtype(at::kFloat);
  if (!frequencies.defined()) {
    const int width = config_.head_width();
    frequencies = at::pow(10000.0, at::arange(0, width, 2, options).div(width)).reciprocal();
  }
  const at::Tensor angles = at::outer(at::arange(tokens, options), frequencies).unsqueeze(1);
  return {angles.cos().to(embedding_.scalar_type()), angles.sin().to(embedding_.scalar_type())};
}

LanguageModel::Heads LanguageModel::heads(const Layer& layer, const at::Tensor& hidden) const {
  const at::Tensor normed = layer.attention_norm(hidden);
  const auto split = [&](const Linear& linear) {
    return linear(normed).view({hidden.size(0), hidden.size(1), config_.heads, config_.head_width()});
  };
  Heads heads{split(layer.query), split(layer.key), split(layer.value)};
  heads.query.mul_(1 / std::sqrt(static_cast<double>(config_.head_width())));
  const Rotation turn = rotation(layer, hidden.size(1));
  rotate(heads.query, turn.cosine, turn.sine);
  rotate(heads.key, turn.cosine, turn.sine);
  return heads;
}

void LanguageModel::add_attention(const Layer& layer, at::Tensor& hidden, const at::Tensor& key_bias,
                                  int rows) const {
  at::Tensor mixed;
  {
    const Heads own = heads(layer, hidden);
    mixed = at::empty_like(own.query);
    attend(by_head(own.query), by_head(own.key), by_head(own.value), key_bias, rows, by_head(mixed));
  }
  layer.attention_out.add_to(hidden, mixed.flatten(2));
}

void LanguageModel::add_feed_forward(const Layer& layer, at::Tensor& hidden) const {
  at::Tensor wide = layer.wide(layer.norm(hidden));
  for_blocks(wide.size(1), tokens_of_block, wide.is_cpu(), [&](std::int64_t from, std::int64_t count) {
    at::Tensor own = wide.narrow(1, from, count);
    at::gelu_(own);
  });
  layer.out.add_to(hidden, wide);
}

void LanguageModel::run(const at::Tensor& tokens, const LanguageOptions& options,
                        const std::function<void(int, const at::Tensor&)>& each) const {
  at::Tensor hidden = embed(tokens);
  at::Tensor key_bias;
  if (tokens.size(0) > 1)
    key_bias = at::zeros(tokens.sizes(), hidden.options())
                   .masked_fill_(tokens.eq(config_.pad_token), lowest_score)
                   .view({tokens.size(0), 1, 1, tokens.size(1)});
  each(0, hidden);
  for (int i = 0; i < config_.layers; ++i) {
    if (options.progress) options.progress(i);
    const Layer& layer = layers_[static_cast<std::size_t>(i)];
    add_attention(layer, hidden, key_bias, options.attention_rows);
    add_feed_forward(layer, hidden);
    each(i + 1, i + 1 == config_.layers ? last_norm_(hidden) : hidden);
  }
}

at::Tensor LanguageModel::combined(const at::Tensor& tokens, const at::Tensor& weights,
                                   const LanguageOptions& options) const {
  at::Tensor sum;
  const at::Tensor factors = weights.to(at::kFloat);
  run(tokens, options, [&](int index, const at::Tensor& hidden) {
    const at::Tensor factor = factors.select(0, index);
    const at::Tensor value = hidden.to(at::kFloat);
    if (sum.defined())
      sum.addcmul_(value, factor);
    else
      sum = value * factor;
  });
  return sum;
}

at::Tensor LanguageModel::hidden_states(const at::Tensor& tokens,
                                        const LanguageOptions& options) const {
  std::vector<at::Tensor> all;
  run(tokens, options, [&](int, const at::Tensor& hidden) { all.push_back(hidden.clone()); });
  return at::stack(all, 1);
}

at::Tensor LanguageModel::attentions(const at::Tensor& tokens) const {
  std::vector<at::Tensor> all;
  const at::Tensor is_padding = tokens.eq(config_.pad_token).view({tokens.size(0), 1, 1, -1});
  run(tokens, {}, [&](int index, const at::Tensor& hidden) {
    if (index == config_.layers) return;  // no layer behind it
    const Heads own = heads(layers_[static_cast<std::size_t>(index)], hidden);
    at::Tensor scores = at::matmul(own.query.permute({0, 2, 1, 3}), own.key.permute({0, 2, 3, 1}));
    scores.masked_fill_(is_padding, -std::numeric_limits<float>::infinity());
    all.push_back(at::softmax(scores, -1, at::kFloat));
  });
  return at::stack(all, 1);
}

at::Tensor masked_lm_logits(const Weights& weights, const at::Tensor& last_hidden,
                            double norm_epsilon) {
  const Weights head = weights.below("lm_head");
  const Linear dense(head.below("dense"));
  const LayerNorm norm(head.below("layer_norm"), norm_epsilon);
  const at::Tensor decoder = head.contains("decoder.weight")
                                 ? head.tensor("decoder.weight")
                                 : weights.tensor("esm.embeddings.word_embeddings.weight");
  return at::linear(norm(at::gelu(dense(last_hidden))), decoder, head.tensor("bias"));
}

at::Tensor contacts(const Weights& weights, const at::Tensor& attentions, const at::Tensor& tokens) {
  const at::Tensor inside = tokens.ne(eos_token).to(attentions.scalar_type());
  const at::Tensor real = tokens.ne(pad_token).to(attentions.scalar_type());
  const at::Tensor seen = inside * real;
  at::Tensor maps = attentions * (seen.unsqueeze(1) * seen.unsqueeze(2)).view(
                                     {tokens.size(0), 1, 1, tokens.size(1), tokens.size(1)});
  const std::int64_t length = tokens.size(1) - 2;
  maps = maps.narrow(-1, 1, length).narrow(-2, 1, length).flatten(1, 2);
  maps = maps + maps.transpose(-1, -2);
  // average-product correction
  const at::Tensor expected =
      maps.sum(-1, true) * maps.sum(-2, true) / maps.sum({-1, -2}, true);
  maps = (maps - expected).permute({0, 2, 3, 1});
  const Linear regression(weights.below("regression"));
  return at::sigmoid(regression(maps).squeeze(-1));
}

}  // namespace foldstream::workflows::predict::esmfold
