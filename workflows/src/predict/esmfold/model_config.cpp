#include "model_config.hpp"

#include <foldstream/error.hpp>

#include <nlohmann/json.hpp>

namespace foldstream::workflows::predict::esmfold {
namespace {

using Json = nlohmann::json;

/// One object of the file, for messages: "config.json: 'esmfold_config.trunk'".
class Section {
 public:
  Section(const Json& json, std::string file, std::string name)
      : json_(json), file_(std::move(file)), name_(std::move(name)) {
    if (!json_.is_object()) refuse("must be an object");
  }

  Section below(const std::string& key) const {
    return {at(key), file_, name_.empty() ? key : name_ + "." + key};
  }
  bool has(const std::string& key) const { return json_.contains(key) && !json_[key].is_null(); }

  int size(const std::string& key) const {
    const Json& value = at(key);
    if (!value.is_number_integer() || value < 1 || value > 1'000'000)
      refuse("needs a whole number from 1 to 1000000 as '" + key + "', not " + value.dump());
    return value.get<int>();
  }
  double number(const std::string& key, double otherwise) const {
    if (!has(key)) return otherwise;
    if (!json_[key].is_number()) refuse("needs a number as '" + key + "'");
    return json_[key].get<double>();
  }
  bool flag(const std::string& key, bool otherwise) const {
    if (!has(key)) return otherwise;
    if (!json_[key].is_boolean()) refuse("needs true or false as '" + key + "'");
    return json_[key].get<bool>();
  }
  std::string text(const std::string& key, const std::string& otherwise) const {
    if (!has(key)) return otherwise;
    if (!json_[key].is_string()) refuse("needs text as '" + key + "'");
    return json_[key].get<std::string>();
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorKind::Parse,
                file_ + ": " + (name_.empty() ? "the file" : "'" + name_ + "'") + " " + what + ".");
  }
  [[noreturn]] void lacks(const std::string& what) const {
    throw Error(ErrorKind::Unsupported, file_ + ": " + what + ".");
  }

 private:
  const Json& at(const std::string& key) const {
    if (!json_.contains(key)) refuse("lacks '" + key + "'");
    return json_[key];
  }

  const Json& json_;
  std::string file_;
  std::string name_;
};

/// That `part` goes into `whole` without a rest.
int multiple(const Section& section, const std::string& whole, const std::string& part) {
  if (section.size(whole) % section.size(part) != 0)
    section.refuse("needs '" + whole + "' to be a multiple of '" + part + "'");
  return section.size(whole);
}

LanguageModelConfig language_config(const Section& section) {
  LanguageModelConfig config;
  config.layers = section.size("num_hidden_layers");
  config.hidden = multiple(section, "hidden_size", "num_attention_heads");
  config.heads = section.size("num_attention_heads");
  config.feed_forward = section.size("intermediate_size");
  if (config.head_width() % 2 != 0) section.refuse("needs heads of an even width");
  if (section.has("vocab_size")) config.vocabulary = section.size("vocab_size");
  if (section.has("pad_token_id")) config.pad_token = section.size("pad_token_id");
  if (section.has("mask_token_id")) config.mask_token = section.size("mask_token_id");
  config.norm_epsilon = section.number("layer_norm_eps", 1e-5);
  config.token_dropout = section.flag("token_dropout", true);
  if (section.text("position_embedding_type", "rotary") != "rotary")
    section.lacks("only rotary positions are implemented, as in ESM-2");
  if (section.flag("emb_layer_norm_before", false))
    section.lacks("a norm before the first layer (ESM-1b) is not implemented");
  return config;
}

StructureConfig structure_config(const Section& section) {
  StructureConfig config;
  config.sequence_dim = section.size("sequence_dim");
  config.pair_dim = section.size("pairwise_dim");
  config.ipa_width = section.size("ipa_dim");
  config.ipa_heads = section.size("num_heads_ipa");
  config.query_points = section.size("num_qk_points");
  config.value_points = section.size("num_v_points");
  config.iterations = section.size("num_blocks");
  config.transition_layers = section.size("num_transition_layers");
  config.resnet_dim = section.size("resnet_dim");
  config.resnet_blocks = section.size("num_resnet_blocks");
  config.angles = section.size("num_angles");
  if (config.angles != 7) section.lacks("a residue has 7 torsion angles, not as many as 'num_angles'");
  config.translation_scale = section.number("trans_scale_factor", 10);
  config.epsilon = section.number("epsilon", 1e-8);
  config.infinity = section.number("inf", 1e5);
  return config;
}

TrunkConfig trunk_config(const Section& section) {
  TrunkConfig config;
  config.blocks = section.size("num_blocks");
  config.sequence_dim = multiple(section, "sequence_state_dim", "sequence_head_width");
  config.sequence_head_width = section.size("sequence_head_width");
  config.pair_dim = multiple(section, "pairwise_state_dim", "pairwise_head_width");
  config.pair_head_width = section.size("pairwise_head_width");
  config.position_bins = section.size("position_bins");
  if (section.has("max_recycles")) config.max_recycles = section.size("max_recycles");
  config.structure = structure_config(section.below("structure_module"));
  return config;
}

FoldingConfig folding_config(const Section& section) {
  if (section.flag("use_esm_attn_map", false))
    section.lacks("pairs from the attention of the language model are not implemented");
  if (section.flag("bypass_lm", false) || section.flag("esm_ablate_sequence", false) ||
      !section.flag("embed_aa", true))
    section.lacks("a folding model without language model or residue embedding is not implemented");
  FoldingConfig config;
  config.trunk = trunk_config(section.below("trunk"));
  if (section.has("lddt_head_hid_dim")) config.lddt_hidden = section.size("lddt_head_hid_dim");
  return config;
}

}  // namespace

ModelConfig parse_model_config(const std::string& json, const std::string& file) {
  Json content;
  try {
    content = Json::parse(json);
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::Parse, file + ": is no JSON: " + error.what());
  }
  const Section section(content, file, "");
  if (section.text("model_type", "") != "esm")
    section.lacks("'model_type' is not \"esm\": only ESM-2 and ESMFold are implemented");
  ModelConfig config{language_config(section), {}};
  if (section.flag("is_folding_model", section.has("esmfold_config")))
    config.folding = folding_config(section.below("esmfold_config"));
  return config;
}

ModelConfig published_esmfold() { return {{}, FoldingConfig{}}; }

}  // namespace foldstream::workflows::predict::esmfold
