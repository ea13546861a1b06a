#include "folding_model.hpp"

#include "heads_torch.hpp"
#include "language_model_torch.hpp"
#include "stem_torch.hpp"
#include "structure_module_torch.hpp"
#include "trunk_torch.hpp"

#include <foldstream/error.hpp>

#include <new>

namespace foldstream::workflows::predict::esmfold {
namespace {

bool is_about_memory(const std::string& message) {
  for (const char* words : {"out of memory", "not enough memory", "can't allocate", "Cannot allocate"})
    if (message.find(words) != std::string::npos) return true;
  return false;
}

/// Runs `call`; what LibTorch throws becomes an Error that says which.
template <class Call>
auto guarded(const std::string& device, const Call& call) -> decltype(call()) {
  try {
    const c10::InferenceMode inference;
    return call();
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    if (is_about_memory(message))
      throw Error(ErrorKind::Resources,
                  device + " has too little memory: " + message.substr(0, message.find('\n')));
    throw Error(ErrorKind::Internal, "LibTorch failed on " + device + ": " + message);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::Resources, device + " has too little memory.");
  }
}

at::Device device_of(const Placement& place) {
  try {
    const at::Device device(place.device);
    at::empty({1}, at::TensorOptions(device));
    return device;
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    throw Error(ErrorKind::Unsupported, "this LibTorch cannot compute on '" + place.device + "': " +
                                            message.substr(0, message.find('\n')) +
                                            " See 'foldstream doctor'.");
  }
}

Weights weights_of(const OpenedModel& model, const Placement& place) {
  return {model.tensors, at::TensorOptions(device_of(place))
                             .dtype(place.is_bf16 ? at::kBFloat16 : at::kFloat)};
}

at::Tensor row_of(const std::vector<std::int64_t>& values, at::Device device) {
  return at::tensor(values, at::kLong).unsqueeze(0).to(device);
}

void check_folds(const OpenedModel& model) {
  if (!model.config.folding)
    throw Error(ErrorKind::InvalidArgument,
                "the model is a language model alone (ESM-2): it cannot fold. Use an ESMFold model.");
}

class LanguagePartTorch final : public LanguagePart {
 public:
  LanguagePartTorch(const OpenedModel& model, const Placement& place)
      : place_(place),
        weights_(weights_of(model, place)),
        language_(model.config.language, weights_.below("esm")),
        stem_(weights_.in_f32()) {}

  Tensor embed(const FoldInput& input, const RunOptions& options) const override {
    const BlockThreads threads(options.threads);
    return guarded(place_.device, [&] {
      const at::Tensor types = row_of(input.types, weights_.options().device());
      const at::Tensor tokens = language_tokens(types, at::ones_like(types));
      LanguageOptions own{.attention_rows = options.chunk};
      if (options.progress)
        own.progress = [&](int layer) {
          options.progress(static_cast<double>(layer) / language_.config().layers);
        };
      const at::Tensor mixed = language_.combined(tokens, stem_.mixture(), own);
      return from_aten(
          stem_.project(mixed.narrow(1, 1, input.length())).squeeze(0).to(at::kFloat));
    });
  }

 private:
  Placement place_;
  Weights weights_;
  LanguageModel language_;
  Stem stem_;
};

/// What all folds of a device share. Only the blocks of the trunk, nearly all of the work, may be in
/// bf16: what reads atoms and confidences off their states costs little in f32.
struct Parts {
  Parts(const OpenedModel& model, const Placement& where)
      : place(where),
        weights(weights_of(model, where)),
        config(*model.config.folding),
        stem(weights.in_f32()),
        trunk(config.trunk, weights.below("trunk")),
        module(config.trunk.structure, weights.in_f32().below("trunk.structure_module")),
        heads(weights.in_f32()) {}

  at::Device device() const { return weights.options().device(); }

  Placement place;
  Weights weights;
  FoldingConfig config;
  Stem stem;
  Trunk trunk;
  StructureModule module;
  Heads heads;
};

class FoldTorch final : public Fold {
 public:
  FoldTorch(std::shared_ptr<const Parts> parts, const FoldInput& input, const Tensor& representation)
      : parts_(std::move(parts)) {
    guarded(parts_->place.device, [&] {
      types_ = row_of(input.types, parts_->device());
      input_.residue_index = row_of(input.residue_index, parts_->device());
      input_.s = (to_aten(representation).to(parts_->device()) + parts_->stem.residues(types_)[0])
                     .to(at::kFloat)
                     .unsqueeze(0);
    });
  }

  int passes() const override { return passes_; }

  FoldedPass pass(const RunOptions& options) override {
    const BlockThreads threads(options.threads);
    return guarded(parts_->place.device, [&] {
      TrunkOptions own{.size = size_of_blocks(options)};
      if (options.progress)
        own.progress = [&](int block) {
          options.progress(static_cast<double>(block) / parts_->config.trunk.blocks);
        };
      const at::Tensor before = atoms_;
      at::Tensor bins;
      if (before.defined()) bins = recycling_bins(before, parts_->config.trunk.recycling_bins);
      state_ = parts_->trunk.pass(input_, std::move(state_), bins, own);
      const StructureStep step =
          parts_->module
              .run(parts_->trunk.structure_s(state_.s), parts_->trunk.structure_z(state_.z), types_,
                   {}, own.size)
              .back();
      atoms_ = step.atoms14;
      ++passes_;
      return folded(step, before);
    });
  }

  FoldedError error(const RunOptions& options) override {
    const BlockThreads threads(options.threads);
    return guarded(parts_->place.device, [&] {
      const AlignedError found = parts_->heads.aligned_error(state_.z, {}, size_of_blocks(options));
      return FoldedError{from_aten(found.pae.squeeze(0)), found.ptm.item<double>()};
    });
  }

  Record state() const override {
    return guarded(parts_->place.device, [&]() -> Record {
      return {{"s", {from_aten(state_.s.squeeze(0)), "1", {"residue", "channel"}}},
              {"z", {from_aten(state_.z.squeeze(0)), "1", {"residue", "residue", "channel"}}},
              {"atoms", {from_aten(atoms_.squeeze(0)), "angstrom", {"residue", "atom14", "xyz"}}},
              {"passes", {Tensor::of(std::vector<std::int32_t>{passes_}), "1", {"one"}}}};
    });
  }

  void restore(const Record& state) override {
    const std::int64_t length = types_.size(1);
    const Tensor& z = field(state, "z").tensor;
    if (z.shape() != Shape{length, length, parts_->config.trunk.pair_dim})
      throw Error(ErrorKind::InvalidArgument, "the state kept of a fold is that of another target.");
    guarded(parts_->place.device, [&] {
      const auto load = [&](const char* name) {
        return to_aten(field(state, name).tensor).unsqueeze(0).to(parts_->device()).clone();
      };
      state_ = {load("s"), load("z")};
      atoms_ = load("atoms");
    });
    passes_ = field(state, "passes").tensor.values<std::int32_t>()[0];
  }

 private:
  static BlockSize size_of_blocks(const RunOptions& options) {
    BlockSize size{.asked = options.chunk};
    for (int i = 0; i < options.shrink; ++i) size.device_bytes /= 2;
    return size;
  }

  FoldedPass folded(const StructureStep& step, const at::Tensor& before) const {
    const AtomTables& tables = parts_->module.tables();
    const at::Tensor exists = tables.exists37(types_);
    FoldedPass folded;
    folded.atoms = from_aten(tables.atoms37(step.atoms14, types_).squeeze(0));
    folded.plddt = from_aten((parts_->heads.plddt(step.state) * exists).mul_(100).squeeze(0));
    if (before.defined()) {
      const auto distances = [](const at::Tensor& atoms) {
        const at::Tensor alpha = atoms.select(2, 1);
        return (alpha.unsqueeze(1) - alpha.unsqueeze(2)).square().sum(-1).sqrt();
      };
      folded.change =
          (distances(step.atoms14) - distances(before)).square().mean().sqrt().item<double>();
    }
    return folded;
  }

  std::shared_ptr<const Parts> parts_;
  at::Tensor types_, atoms_;
  TrunkInput input_;
  PairState state_;
  int passes_ = 0;
};

class FoldingPartTorch final : public FoldingPart {
 public:
  FoldingPartTorch(const OpenedModel& model, const Placement& place)
      : parts_(std::make_shared<const Parts>(model, place)) {}

  std::unique_ptr<Fold> begin(const FoldInput& input, const Tensor& representation) const override {
    return std::make_unique<FoldTorch>(parts_, input, representation);
  }

 private:
  std::shared_ptr<const Parts> parts_;
};

}  // namespace

std::unique_ptr<LanguagePart> load_language_part(const OpenedModel& model, const Placement& place) {
  check_folds(model);
  return guarded(place.device, [&]() -> std::unique_ptr<LanguagePart> {
    return std::make_unique<LanguagePartTorch>(model, place);
  });
}

std::unique_ptr<FoldingPart> load_folding_part(const OpenedModel& model, const Placement& place) {
  check_folds(model);
  return guarded(place.device, [&]() -> std::unique_ptr<FoldingPart> {
    return std::make_unique<FoldingPartTorch>(model, place);
  });
}

}  // namespace foldstream::workflows::predict::esmfold
