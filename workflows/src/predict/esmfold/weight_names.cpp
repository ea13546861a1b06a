#include "weight_names.hpp"

#include <foldstream/error.hpp>

#include <nlohmann/json.hpp>

#include <array>

namespace foldstream::workflows::predict::esmfold {
namespace {

struct Rename {
  std::string_view from;
  std::string_view to;
};

// the parts of a layer of fair-esm, and what they are called in Hugging Face's layout
constexpr std::array<Rename, 9> parts_of_layer = {{
    {"self_attn.q_proj.", "attention.self.query."},
    {"self_attn.k_proj.", "attention.self.key."},
    {"self_attn.v_proj.", "attention.self.value."},
    {"self_attn.out_proj.", "attention.output.dense."},
    {"self_attn.rot_emb.", "attention.self.rotary_embeddings."},
    {"self_attn_layer_norm.", "attention.LayerNorm."},
    {"fc1.", "intermediate.dense."},
    {"fc2.", "output.dense."},
    {"final_layer_norm.", "LayerNorm."},
}};

constexpr std::array<Rename, 8> whole_names = {{
    {"embed_tokens.weight", "esm.embeddings.word_embeddings.weight"},
    {"emb_layer_norm_after.weight", "esm.encoder.emb_layer_norm_after.weight"},
    {"emb_layer_norm_after.bias", "esm.encoder.emb_layer_norm_after.bias"},
    {"lm_head.weight", "lm_head.decoder.weight"},
    {"contact_head.regression.weight", "esm.contact_head.regression.weight"},
    {"contact_head.regression.bias", "esm.contact_head.regression.bias"},
    {"lm_head.dense.weight", "lm_head.dense.weight"},
    {"lm_head.dense.bias", "lm_head.dense.bias"},
}};

bool drop_prefix(std::string_view& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  return true;
}

std::optional<std::string> name_in_layer(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string layer = "esm.encoder.layer." + std::string(name.substr(0, dot + 1));
  name.remove_prefix(dot + 1);
  for (const Rename& part : parts_of_layer)
    if (drop_prefix(name, part.from)) return layer + std::string(part.to) + std::string(name);
  return std::nullopt;
}

using Forms = std::map<std::string, TensorForm>;

/// The length of an axis of a tensor that must be there.
int axis(const Forms& tensors, const std::string& file, const std::string& name, std::size_t axis) {
  const auto found = tensors.find(name);
  if (found == tensors.end() || found->second.shape.size() <= axis)
    throw Error(ErrorKind::Parse, file + ": lacks the tensor '" + name +
                                      "', which tells a size of the model. Is it ESM-2 or ESMFold?");
  return static_cast<int>(found->second.shape[axis]);
}

int count_of(const Forms& tensors, const std::string& before, const std::string& after) {
  int count = 0;
  while (tensors.contains(before + std::to_string(count) + after)) ++count;
  return count;
}

LanguageModelConfig language_of(const Forms& tensors, const std::string& file) {
  const std::string layer = "esm.encoder.layer.";
  LanguageModelConfig config;
  config.layers = count_of(tensors, layer, ".attention.self.query.weight");
  config.vocabulary = axis(tensors, file, "esm.embeddings.word_embeddings.weight", 0);
  config.hidden = axis(tensors, file, "esm.embeddings.word_embeddings.weight", 1);
  config.feed_forward = axis(tensors, file, layer + "0.intermediate.dense.weight", 0);
  const int half = axis(tensors, file, layer + "0.attention.self.rotary_embeddings.inv_freq", 0);
  config.heads = config.hidden / (2 * half);
  return config;
}

StructureConfig structure_of(const Forms& tensors, const std::string& file) {
  const std::string module = "trunk.structure_module.", ipa = module + "ipa.";
  StructureConfig config;
  config.sequence_dim = axis(tensors, file, module + "layer_norm_s.weight", 0);
  config.pair_dim = axis(tensors, file, module + "layer_norm_z.weight", 0);
  config.ipa_heads = axis(tensors, file, ipa + "head_weights", 0);
  config.ipa_width = axis(tensors, file, ipa + "linear_q.weight", 0) / config.ipa_heads;
  config.query_points = axis(tensors, file, ipa + "linear_q_points.weight", 0) / config.ipa_heads / 3;
  config.value_points =
      axis(tensors, file, ipa + "linear_kv_points.weight", 0) / config.ipa_heads / 3 -
      config.query_points;
  config.transition_layers = count_of(tensors, module + "transition.layers.", ".linear_1.weight");
  config.resnet_dim = axis(tensors, file, module + "angle_resnet.linear_in.weight", 0);
  config.resnet_blocks = count_of(tensors, module + "angle_resnet.layers.", ".linear_1.weight");
  return config;
}

FoldingConfig folding_of(const Forms& tensors, const std::string& file) {
  const std::string block = "trunk.blocks.0.";
  FoldingConfig config;
  TrunkConfig& trunk = config.trunk;
  trunk.blocks = count_of(tensors, "trunk.blocks.", ".layernorm_1.weight");
  trunk.sequence_dim = axis(tensors, file, block + "layernorm_1.weight", 0);
  trunk.sequence_head_width =
      trunk.sequence_dim / axis(tensors, file, block + "pair_to_sequence.linear.weight", 0);
  trunk.pair_dim = axis(tensors, file, block + "tri_att_start.linear.weight", 1);
  trunk.pair_head_width =
      trunk.pair_dim / axis(tensors, file, block + "tri_att_start.linear.weight", 0);
  trunk.position_bins =
      axis(tensors, file, "trunk.pairwise_positional_embedding.embedding.weight", 0) / 2 - 1;
  trunk.recycling_bins = axis(tensors, file, "trunk.recycle_disto.weight", 0);
  trunk.structure = structure_of(tensors, file);
  config.lddt_hidden = axis(tensors, file, "lddt_head.1.weight", 0);
  return config;
}

nlohmann::json json_of(const StructureConfig& config) {
  return {{"sequence_dim", config.sequence_dim},
          {"pairwise_dim", config.pair_dim},
          {"ipa_dim", config.ipa_width},
          {"num_heads_ipa", config.ipa_heads},
          {"num_qk_points", config.query_points},
          {"num_v_points", config.value_points},
          {"num_blocks", config.iterations},
          {"num_transition_layers", config.transition_layers},
          {"resnet_dim", config.resnet_dim},
          {"num_resnet_blocks", config.resnet_blocks},
          {"num_angles", config.angles},
          {"trans_scale_factor", config.translation_scale},
          {"epsilon", config.epsilon},
          {"inf", config.infinity}};
}

nlohmann::json json_of(const TrunkConfig& config) {
  return {{"num_blocks", config.blocks},
          {"sequence_state_dim", config.sequence_dim},
          {"sequence_head_width", config.sequence_head_width},
          {"pairwise_state_dim", config.pair_dim},
          {"pairwise_head_width", config.pair_head_width},
          {"position_bins", config.position_bins},
          {"max_recycles", config.max_recycles},
          {"structure_module", json_of(config.structure)}};
}

}  // namespace

std::optional<std::string> name_of_esm2(std::string_view name) {
  drop_prefix(name, "model.");
  drop_prefix(name, "encoder.");
  drop_prefix(name, "sentence_encoder.");
  if (drop_prefix(name, "layers.")) return name_in_layer(name);
  for (const Rename& whole : whole_names)
    if (name == whole.from) return std::string(whole.to);
  for (const std::string_view kept : {"lm_head.layer_norm.weight", "lm_head.layer_norm.bias",
                                      "lm_head.bias"})
    if (name == kept) return std::string(name);
  return std::nullopt;
}

std::optional<std::string> name_of_esmfold(std::string_view name) {
  drop_prefix(name, "model.");
  std::string own(name);
  // newer OpenFold wraps the projections of points
  for (const std::string_view points : {"q_points", "kv_points"})
    if (const std::size_t at = own.find("linear_" + std::string(points) + ".linear.");
        at != std::string::npos)
      own.erase(at + 7 + points.size(), 7);
  if (own.starts_with("esm.")) return std::nullopt;  // Meta ships the language model apart
  return own;
}

ModelConfig config_of_tensors(const Forms& tensors, const std::string& file) {
  ModelConfig config{language_of(tensors, file), {}};
  if (tensors.contains("trunk.recycle_disto.weight")) config.folding = folding_of(tensors, file);
  return config;
}

std::string format_model_config(const ModelConfig& config) {
  const LanguageModelConfig& language = config.language;
  nlohmann::json json = {{"model_type", "esm"},
                         {"num_hidden_layers", language.layers},
                         {"hidden_size", language.hidden},
                         {"num_attention_heads", language.heads},
                         {"intermediate_size", language.feed_forward},
                         {"vocab_size", language.vocabulary},
                         {"pad_token_id", language.pad_token},
                         {"mask_token_id", language.mask_token},
                         {"layer_norm_eps", language.norm_epsilon},
                         {"token_dropout", language.token_dropout},
                         {"position_embedding_type", "rotary"},
                         {"is_folding_model", config.folding.has_value()}};
  if (config.folding)
    json["esmfold_config"] = {{"lddt_head_hid_dim", config.folding->lddt_hidden},
                              {"trunk", json_of(config.folding->trunk)}};
  return json.dump(2) + "\n";
}

}  // namespace foldstream::workflows::predict::esmfold
