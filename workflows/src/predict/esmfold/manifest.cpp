#include "manifest.hpp"

#include "predict/float_formats.hpp"

#include <foldstream/error.hpp>

#include <algorithm>

namespace foldstream::workflows::predict::esmfold {
namespace {

/// Collects entries below a prefix.
class List {
 public:
  List(std::vector<ManifestEntry>& entries, std::string prefix)
      : entries_(&entries), prefix_(std::move(prefix)) {}

  List below(const std::string& name) const { return {*entries_, prefix_ + name + "."}; }
  void add(const std::string& name, Shape shape, bool is_optional = false) const {
    entries_->push_back({prefix_ + name, std::move(shape), is_optional});
  }
  void linear(const std::string& name, int in, int out) const {
    add(name + ".weight", {out, in});
    add(name + ".bias", {out});
  }
  void linear_without_bias(const std::string& name, int in, int out) const {
    add(name + ".weight", {out, in});
  }
  void norm(const std::string& name, int width) const {
    add(name + ".weight", {width});
    add(name + ".bias", {width});
  }

 private:
  std::vector<ManifestEntry>* entries_;
  std::string prefix_;
};

void add_language_layer(const List& layer, const LanguageModelConfig& config) {
  const int hidden = config.hidden;
  layer.norm("attention.LayerNorm", hidden);
  for (const char* name : {"query", "key", "value"})
    layer.linear(std::string("attention.self.") + name, hidden, hidden);
  layer.add("attention.self.rotary_embeddings.inv_freq", {config.head_width() / 2}, true);
  layer.linear("attention.output.dense", hidden, hidden);
  layer.norm("LayerNorm", hidden);
  layer.linear("intermediate.dense", hidden, config.feed_forward);
  layer.linear("output.dense", config.feed_forward, hidden);
}

void add_language_model(const List& root, const LanguageModelConfig& config) {
  const List esm = root.below("esm");
  esm.add("embeddings.word_embeddings.weight", {config.vocabulary, config.hidden});
  for (int i = 0; i < config.layers; ++i)
    add_language_layer(esm.below("encoder.layer." + std::to_string(i)), config);
  esm.norm("encoder.emb_layer_norm_after", config.hidden);
  esm.add("contact_head.regression.weight", {1, config.layers * config.heads}, true);
  esm.add("contact_head.regression.bias", {1}, true);
}

/// The masked-LM head of a language model that stands alone.
void add_language_head(const List& root, const LanguageModelConfig& config) {
  const List head = root.below("lm_head");
  const auto optional = [&](const char* name, Shape shape) { head.add(name, std::move(shape), true); };
  optional("dense.weight", {config.hidden, config.hidden});
  optional("dense.bias", {config.hidden});
  optional("layer_norm.weight", {config.hidden});
  optional("layer_norm.bias", {config.hidden});
  optional("decoder.weight", {config.vocabulary, config.hidden});
  optional("bias", {config.vocabulary});
}

void add_triangles(const List& block, int pair) {
  for (const char* which : {"tri_mul_out", "tri_mul_in"}) {
    const List update = block.below(which);
    update.norm("layer_norm_in", pair);
    update.norm("layer_norm_out", pair);
    for (const char* name : {"linear_a_p", "linear_a_g", "linear_b_p", "linear_b_g", "linear_g",
                             "linear_z"})
      update.linear(name, pair, pair);
  }
}

void add_triangle_attention(const List& block, const TrunkConfig& config) {
  for (const char* which : {"tri_att_start", "tri_att_end"}) {
    const List attention = block.below(which);
    attention.norm("layer_norm", config.pair_dim);
    attention.linear_without_bias("linear", config.pair_dim, config.pair_heads());
    for (const char* name : {"linear_q", "linear_k", "linear_v"})
      attention.linear_without_bias(std::string("mha.") + name, config.pair_dim, config.pair_dim);
    attention.linear("mha.linear_g", config.pair_dim, config.pair_dim);
    attention.linear("mha.linear_o", config.pair_dim, config.pair_dim);
  }
}

void add_block(const List& block, const TrunkConfig& config) {
  const int sequence = config.sequence_dim, pair = config.pair_dim;
  block.norm("layernorm_1", sequence);
  block.norm("sequence_to_pair.layernorm", sequence);
  block.linear("sequence_to_pair.proj", sequence, pair);
  block.linear("sequence_to_pair.o_proj", pair, pair);
  block.norm("pair_to_sequence.layernorm", pair);
  block.linear_without_bias("pair_to_sequence.linear", pair, config.sequence_heads());
  block.linear_without_bias("seq_attention.proj", sequence, 3 * sequence);
  block.linear("seq_attention.o_proj", sequence, sequence);
  block.linear("seq_attention.g_proj", sequence, sequence);
  add_triangles(block, pair);
  add_triangle_attention(block, config);
  for (const auto& [name, width] : {std::pair{"mlp_seq.mlp", sequence}, {"mlp_pair.mlp", pair}}) {
    block.norm(std::string(name) + ".0", width);
    block.linear(std::string(name) + ".1", width, 4 * width);
    block.linear(std::string(name) + ".3", 4 * width, width);
  }
}

void add_point_attention(const List& ipa, const StructureConfig& config) {
  const int in = config.sequence_dim, heads = config.ipa_heads;
  ipa.add("head_weights", {heads});
  ipa.linear("linear_q", in, heads * config.ipa_width);
  ipa.linear("linear_kv", in, 2 * heads * config.ipa_width);
  ipa.linear("linear_q_points", in, 3 * heads * config.query_points);
  ipa.linear("linear_kv_points", in, 3 * heads * (config.query_points + config.value_points));
  ipa.linear("linear_b", config.pair_dim, heads);
  ipa.linear("linear_out", heads * (config.ipa_width + config.pair_dim + 4 * config.value_points), in);
}

void add_structure_module(const List& module, const StructureConfig& config) {
  const int in = config.sequence_dim, wide = config.resnet_dim;
  module.norm("layer_norm_s", in);
  module.norm("layer_norm_z", config.pair_dim);
  module.linear("linear_in", in, in);
  add_point_attention(module.below("ipa"), config);
  module.norm("layer_norm_ipa", in);
  for (int i = 0; i < config.transition_layers; ++i)
    for (const char* name : {"linear_1", "linear_2", "linear_3"})
      module.below("transition.layers." + std::to_string(i)).linear(name, in, in);
  module.norm("transition.layer_norm", in);
  module.linear("bb_update.linear", in, 6);
  module.linear("angle_resnet.linear_in", in, wide);
  module.linear("angle_resnet.linear_initial", in, wide);
  for (int i = 0; i < config.resnet_blocks; ++i)
    for (const char* name : {"linear_1", "linear_2"})
      module.below("angle_resnet.layers." + std::to_string(i)).linear(name, wide, wide);
  module.linear("angle_resnet.linear_out", wide, 2 * config.angles);
}

void add_trunk(const List& trunk, const TrunkConfig& config) {
  trunk.add("pairwise_positional_embedding.embedding.weight",
            {2 * config.position_bins + 2, config.pair_dim});
  trunk.norm("recycle_s_norm", config.sequence_dim);
  trunk.norm("recycle_z_norm", config.pair_dim);
  trunk.add("recycle_disto.weight", {config.recycling_bins, config.pair_dim});
  for (int i = 0; i < config.blocks; ++i)
    add_block(trunk.below("blocks." + std::to_string(i)), config);
  trunk.linear("trunk2sm_s", config.sequence_dim, config.structure.sequence_dim);
  trunk.linear("trunk2sm_z", config.pair_dim, config.structure.pair_dim);
  add_structure_module(trunk.below("structure_module"), config.structure);
}

void add_folding(const List& root, const ModelConfig& config) {
  const TrunkConfig& trunk = config.folding->trunk;
  const int hidden = config.language.hidden, lddt = config.folding->lddt_hidden;
  root.add("af2_to_esm", {22}, true);
  root.add("esm_s_combine", {config.language.layers + 1});
  root.norm("esm_s_mlp.0", hidden);
  root.linear("esm_s_mlp.1", hidden, trunk.sequence_dim);
  root.linear("esm_s_mlp.3", trunk.sequence_dim, trunk.sequence_dim);
  root.add("embedding.weight", {23, trunk.sequence_dim});
  add_trunk(root.below("trunk"), trunk);
  root.linear("distogram_head", trunk.pair_dim, 64);
  root.linear("ptm_head", trunk.pair_dim, 64);
  root.linear("lm_head", trunk.sequence_dim, 23);
  root.norm("lddt_head.0", trunk.structure.sequence_dim);
  root.linear("lddt_head.1", trunk.structure.sequence_dim, lddt);
  root.linear("lddt_head.2", lddt, lddt);
  root.linear("lddt_head.3", lddt, 37 * 50);
}

std::string text_of(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

std::string difference(const ManifestEntry& entry, const TensorForm& form) {
  if (form.shape != entry.shape)
    return "'" + entry.name + "' is " + text_of(form.shape) + ", not " + text_of(entry.shape) + ".";
  if (!is_floating_point(form.dtype) && entry.name != "af2_to_esm")
    return "'" + entry.name + "' is " + std::string(to_string(form.dtype)) +
           ", which is no floating point.";
  return {};
}

}  // namespace

std::vector<ManifestEntry> manifest_of(const ModelConfig& config) {
  std::vector<ManifestEntry> entries;
  const List root(entries, "");
  add_language_model(root, config.language);
  if (config.folding)
    add_folding(root, config);
  else
    add_language_head(root, config.language);
  return entries;
}

std::int64_t parameter_count(const ModelConfig& config) {
  std::int64_t count = 0;
  for (const ManifestEntry& entry : manifest_of(config))
    if (!entry.is_optional) count += element_count(entry.shape);
  return count;
}

std::vector<std::string> mismatches(const ModelConfig& config,
                                    const std::map<std::string, TensorForm>& tensors) {
  std::vector<std::string> problems;
  const std::vector<ManifestEntry> entries = manifest_of(config);
  std::vector<std::string> spare;  // names that may be meant where one is absent
  for (const auto& [name, form] : tensors) spare.push_back(name);
  for (const ManifestEntry& entry : entries) std::erase(spare, entry.name);
  for (const ManifestEntry& entry : entries) {
    const auto found = tensors.find(entry.name);
    if (found == tensors.end()) {
      if (!entry.is_optional)
        problems.push_back("'" + entry.name + "' " + text_of(entry.shape) + " is absent." +
                           did_you_mean(entry.name, spare));
    } else if (std::string problem = difference(entry, found->second); !problem.empty()) {
      problems.push_back(std::move(problem));
    }
  }
  return problems;
}

}  // namespace foldstream::workflows::predict::esmfold
