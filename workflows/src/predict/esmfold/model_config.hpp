// The sizes of an ESM-2 language model and of an ESMFold model, as its config.json gives them.
#pragma once

#include <optional>
#include <string>

namespace foldstream::workflows::predict::esmfold {

/// ESM-2 (Lin et al., Science 2023): pre-norm transformer with rotary positions.
struct LanguageModelConfig {
  int layers = 36;
  int hidden = 2560;
  int heads = 40;
  int feed_forward = 10240;
  int vocabulary = 33;
  int pad_token = 1;
  int mask_token = 32;
  double norm_epsilon = 1e-5;
  bool token_dropout = true;  ///< embeddings are scaled by the share of masked tokens, always

  int head_width() const { return hidden / heads; }
};

/// AlphaFold 2's structure module (Jumper et al., Nature 2021, supplement 1.8) with ESMFold's sizes.
struct StructureConfig {
  int sequence_dim = 384;
  int pair_dim = 128;
  int ipa_width = 16;
  int ipa_heads = 12;
  int query_points = 4;
  int value_points = 8;
  int iterations = 8;          ///< all with one set of weights
  int transition_layers = 1;
  int resnet_dim = 128;
  int resnet_blocks = 2;
  int angles = 7;
  double translation_scale = 10;  ///< Å of one unit of the module
  double epsilon = 1e-8;
  double infinity = 1e5;
};

struct TrunkConfig {
  int blocks = 48;
  int sequence_dim = 1024;
  int sequence_head_width = 32;
  int pair_dim = 128;
  int pair_head_width = 32;
  int position_bins = 32;
  int recycling_bins = 15;
  int max_recycles = 4;  ///< passes when nothing is asked for: one more than recycles
  StructureConfig structure;

  int sequence_heads() const { return sequence_dim / sequence_head_width; }
  int pair_heads() const { return pair_dim / pair_head_width; }
};

struct FoldingConfig {
  TrunkConfig trunk;
  int lddt_hidden = 128;
};

struct ModelConfig {
  LanguageModelConfig language;
  std::optional<FoldingConfig> folding;  ///< absent for a language model alone
};

/// Reads a config.json of Hugging Face's layout ("model_type": "esm").
/// @param file  what errors call it.
/// @throws Error{Parse} for what is no JSON or lacks a size; Error{Unsupported} for an architecture
///         that is not implemented (absolute positions, no language model, pairs from attention).
ModelConfig parse_model_config(const std::string& json, const std::string& file);

/// The published esmfold_v1: ESM-2 3B and 48 blocks.
ModelConfig published_esmfold();

}  // namespace foldstream::workflows::predict::esmfold
