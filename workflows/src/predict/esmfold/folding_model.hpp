// ESMFold as it is run: the language model and the folding model on a device, without LibTorch in sight.
#pragma once

#include "opened_model.hpp"

#include <foldstream/codec.hpp>
#include <foldstream/tensor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace foldstream::workflows::predict::esmfold {

/// Residues as the model sees them: the chains of a complex one after the other, joined by a linker.
struct FoldInput {
  std::vector<std::int64_t> types;           ///< [L], residue types
  std::vector<std::int64_t> residue_index;   ///< [L]; far apart between chains
  std::vector<int> chain;                    ///< [L]; −1: of a linker

  std::int64_t length() const { return std::ssize(types); }
};

/// @param chains  one-letter codes of each chain
FoldInput encode_chains(const std::vector<std::string>& chains);

/// Where and how a part of the model runs.
struct Placement {
  std::string device = "cpu";  ///< as LibTorch names it, "cuda:1"
  bool is_bf16 = false;        ///< weights and inputs of products; states are f32
};

/// How one call runs. Changes no more than rounding.
struct RunOptions {
  int threads = 1;    ///< on the CPU
  int chunk = 0;      ///< rows of a block; 0 = chosen
  int shrink = 0;     ///< how often memory ran out: temporaries on a device are halved so often
  /// Called with a fraction of the call; may throw to stop. May be empty.
  std::function<void(double)> progress = {};
};

/// ESM-2 and the stem: from residues to the trunk's first state. Thread-safe.
class LanguagePart {
 public:
  virtual ~LanguagePart() = default;
  /// [L, S] f32, S the width of the trunk's sequence state.
  /// @throws Error{Resources} if the device has too little memory.
  virtual Tensor embed(const FoldInput& input, const RunOptions& options) const = 0;
};

/// What a pass came to.
struct FoldedPass {
  Tensor atoms;       ///< Å, [L, 37, 3] f32; zero for atoms that a residue does not have
  Tensor plddt;       ///< 0–100, [L, 37] f32, likewise
  double change = 0;  ///< root mean square of what Cα–Cα distances changed since the pass before, Å
};

struct FoldedError {
  Tensor pae;      ///< Å, [L, L] f32
  double ptm = 0;  ///< 0–1
};

/// One target in the folding model, pass by pass. Used by one thread at a time.
class Fold {
 public:
  virtual ~Fold() = default;
  /// Passes that are behind it.
  virtual int passes() const = 0;
  /// @throws Error{Resources} if the device has too little memory; the fold cannot go on then.
  virtual FoldedPass pass(const RunOptions& options) = 0;
  /// Of the last pass.
  virtual FoldedError error(const RunOptions& options) = 0;
  /// All that the next pass needs: "s" [L, S], "z" [L, L, C], "atoms" [L, 14, 3], "passes".
  virtual Record state() const = 0;
  /// Goes on from there, to the same bytes. @throws Error{InvalidArgument} for another target's state.
  virtual void restore(const Record& state) = 0;
};

/// The trunk, the structure module and the heads. Thread-safe.
class FoldingPart {
 public:
  virtual ~FoldingPart() = default;
  /// @param representation  as LanguagePart::embed gives it
  virtual std::unique_ptr<Fold> begin(const FoldInput& input, const Tensor& representation) const = 0;
};

/// Bring weights to a device; on the CPU they stay mapped where their dtype allows it.
/// @throws Error{Unsupported} without LibTorch, or for a device that it does not have;
///         Error{Resources} if the weights do not fit.
std::unique_ptr<LanguagePart> load_language_part(const OpenedModel& model, const Placement& place);
std::unique_ptr<FoldingPart> load_folding_part(const OpenedModel& model, const Placement& place);

/// Estimates of memory beside the weights, bytes: what a call needs at its peak.
std::uint64_t embed_bytes(const LanguageModelConfig& config, std::int64_t length, int threads);
std::uint64_t fold_bytes(const FoldingConfig& config, std::int64_t length, int threads);

/// Floating-point operations, each multiplication and addition one.
double embed_operations(const LanguageModelConfig& config, std::int64_t length);
double pass_operations(const FoldingConfig& config, std::int64_t length);

}  // namespace foldstream::workflows::predict::esmfold
