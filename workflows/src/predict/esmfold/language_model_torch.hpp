// ESM-2, the language model of proteins (Lin et al., Science 379, 1123, 2023).
#pragma once

#include "model_config.hpp"
#include "weights_torch.hpp"

#include <ATen/ATen.h>

#include <functional>
#include <vector>

namespace foldstream::workflows::predict::esmfold {

/// What changes only speed and memory, and whom to tell.
struct LanguageOptions {
  int attention_rows = 0;  ///< queries of a block of attention; 0 = chosen
  /// Called before each layer; may throw to stop. May be empty.
  std::function<void(int layer)> progress = {};
};

/// Thread-safe: calls share nothing but weights.
class LanguageModel {
 public:
  /// @param weights  those whose names begin with "esm."
  LanguageModel(const LanguageModelConfig& config, const Weights& weights);

  const LanguageModelConfig& config() const noexcept { return config_; }

  /// Runs the layers. `each` sees every hidden state [B, T, hidden]: 0 is the embedding, `layers` is
  /// after the final norm; it must copy what it wants to keep.
  /// @param tokens  [B, T] i64 on the model's device; shorter rows of a batch end in the padding
  ///                token, a row alone has none
  void run(const at::Tensor& tokens, const LanguageOptions& options,
           const std::function<void(int index, const at::Tensor& hidden)>& each) const;

  /// Σ weights[i] × hidden state i, [B, T, hidden] f32, with one state in memory at a time.
  /// @param weights  [layers + 1], for example a softmax
  at::Tensor combined(const at::Tensor& tokens, const at::Tensor& weights,
                      const LanguageOptions& options = {}) const;

  /// All of them, [B, layers + 1, T, hidden].
  at::Tensor hidden_states(const at::Tensor& tokens, const LanguageOptions& options = {}) const;

  /// Attention probabilities [B, layers, heads, T, T], in full.
  at::Tensor attentions(const at::Tensor& tokens) const;

 private:
  struct Layer {
    LayerNorm attention_norm, norm;
    Linear query, key, value, attention_out, wide, out;
    at::Tensor frequencies;  ///< [head width / 2], as stored
  };
  /// cos and sin of positions × frequencies, [T, 1, head width / 2].
  struct Rotation {
    at::Tensor cosine, sine;
  };
  struct Heads {
    at::Tensor query, key, value;  ///< [B, T, heads, width]; query scaled, query and key rotated
  };

  at::Tensor embed(const at::Tensor& tokens) const;
  Rotation rotation(const Layer& layer, std::int64_t tokens) const;
  Heads heads(const Layer& layer, const at::Tensor& hidden) const;
  void add_attention(const Layer& layer, at::Tensor& hidden, const at::Tensor& key_bias,
                     int rows) const;
  void add_feed_forward(const Layer& layer, at::Tensor& hidden) const;

  LanguageModelConfig config_;
  at::Tensor embedding_;
  std::vector<Layer> layers_;
  LayerNorm last_norm_;
};

/// The masked-LM head: logits [B, T, vocabulary] of the last hidden state.
/// @param weights  all of the model: "lm_head." and, where the decoder is tied, "esm."
at::Tensor masked_lm_logits(const Weights& weights, const at::Tensor& last_hidden,
                            double norm_epsilon);

/// Contact probabilities [B, T − 2, T − 2] by logistic regression on attention (Rao et al., ICLR 2021).
/// @param attentions  as LanguageModel::attentions gives them
/// @param weights  those whose names begin with "esm.contact_head."
at::Tensor contacts(const Weights& weights, const at::Tensor& attentions, const at::Tensor& tokens);

}  // namespace foldstream::workflows::predict::esmfold
