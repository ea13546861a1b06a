// ESM-2 and the stem of ESMFold against the goldens.
#include "golden.hpp"
#include "predict/esmfold/language_model_torch.hpp"
#include "predict/esmfold/stem_torch.hpp"

namespace foldstream::workflows::predict::esmfold::test {
namespace {

LanguageModel language_model(const std::string& config, const std::string& weights) {
  return {golden_config(config).language, golden_weights(weights).below("esm")};
}

/// Tokens of a folding case.
at::Tensor tokens_of(const std::string& name) {
  return language_tokens(input(name + ".aatype"), input(name + ".mask"));
}

/// The residues of what was computed for all tokens.
at::Tensor inner(const at::Tensor& x, std::int64_t axis) {
  return x.narrow(axis, 1, x.size(axis) - 2);
}

class Language : public testing::TestWithParam<int> {
 public:
  const c10::InferenceMode inference;
};

TEST_P(Language, HiddenStatesAndLogitsOfTheMaskedModel) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  const LanguageModel model = language_model("esm2_config.json", "esm2_model.safetensors");
  const at::Tensor tokens = input("esm2.input_ids");
  const at::Tensor real = input("esm2.attention_mask").to(at::kBool);

  const at::Tensor hidden = model.hidden_states(tokens, {.attention_rows = GetParam()});
  const at::Tensor logits =
      masked_lm_logits(golden_weights("esm2_model.safetensors"), hidden.select(1, 3), 1e-5);

  expect_near(hidden, expected("esm2.hidden_states"), "hidden states", real.view({3, 1, 27, 1}));
  expect_near(logits, expected("esm2.logits"), "logits", real.unsqueeze(-1));
}

TEST_P(Language, StatesOfTheFoldingCases) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  const LanguageModel model = language_model("config.json", "model.safetensors");
  const Stem stem(golden_weights());
  for (const std::string name : {"A", "B", "C"}) {
    const at::Tensor types = input(name + ".aatype"), mask = input(name + ".mask").unsqueeze(-1);

    const at::Tensor mixed = inner(
        model.combined(tokens_of(name), stem.mixture(), {.attention_rows = GetParam()}), 1);
    const at::Tensor first = stem.project(mixed) + stem.residues(types);

    expect_near(mixed, intermediate(name + ".esm_s_combined"), name + " mixed", mask);
    expect_near(first, intermediate(name + ".s_s_0"), name + " first state", mask);
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, Language, testing::Values(0, 16, 5));

TEST(LanguageModel, HiddenStatesLayerByLayer) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  const c10::InferenceMode inference;
  const at::Tensor hidden =
      language_model("config.json", "model.safetensors").hidden_states(tokens_of("A"));

  expect_near(hidden.select(1, 0), intermediate("A.esm_embeddings"), "embedding");
  expect_near(inner(hidden, 2).permute({0, 2, 1, 3}), intermediate("A.esm_hidden"), "hidden states");
}

TEST(LanguageModel, AttentionAndContacts) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  const c10::InferenceMode inference;
  const LanguageModel model = language_model("esm2_config.json", "esm2_model.safetensors");
  const at::Tensor tokens = input("esm2.input_ids");
  const at::Tensor real = input("esm2.attention_mask");

  const at::Tensor attention = model.attentions(tokens);
  const at::Tensor map =
      contacts(golden_weights("esm2_model.safetensors").below("esm.contact_head"), attention, tokens);

  expect_near(attention, expected("esm2.attentions"), "attention", real.view({3, 1, 1, 27, 1}));
  expect_near(map, expected("esm2.contacts"), "contacts");
}

TEST(LanguageModel, TellsBeforeEachLayer) {
  FOLDSTREAM_NEEDS_ESMFOLD_TINY();
  const c10::InferenceMode inference;
  std::vector<int> told;

  language_model("config.json", "model.safetensors")
      .hidden_states(tokens_of("A"), {.progress = [&](int layer) { told.push_back(layer); }});

  EXPECT_THAT(told, testing::ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace foldstream::workflows::predict::esmfold::test
