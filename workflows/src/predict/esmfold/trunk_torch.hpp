// ESMFold's folding trunk (Lin et al., Science 2023, supplement A.3): blocks on a sequence state s
// [B, L, S] and a pair state z [B, L, L, C], both f32, and the recycling between passes.
#pragma once

#include "model_config.hpp"
#include "triangle_torch.hpp"
#include "weights_torch.hpp"

#include <ATen/ATen.h>

#include <functional>
#include <vector>

namespace foldstream::workflows::predict::esmfold {

/// What changes only speed and memory, and whom to tell.
struct TrunkOptions {
  BlockSize size;
  /// Called before each block; may throw to stop. May be empty.
  std::function<void(int block)> progress = {};
};

/// The states after a pass, and what the next one needs of them.
struct PairState {
  at::Tensor s;
  at::Tensor z;
};

/// What goes into the first pass.
struct TrunkInput {
  at::Tensor s;              ///< the stem's state [B, L, S]
  at::Tensor residue_index;  ///< [B, L] i64; chains of a complex are far apart
  at::Tensor mask;           ///< [B, L] f32, 0 for padding; undefined: there is none
};

/// Sequence attention with a bias from the pair state.
class SequenceAttention {
 public:
  SequenceAttention(const Weights& block, int heads);
  void add_to(at::Tensor s, const at::Tensor& z, const at::Tensor& key_bias,
              const BlockSize& size) const;

 private:
  at::Tensor pair_bias(const at::Tensor& z, const BlockSize& size) const;

  int heads_;
  LayerNorm norm_, pair_norm_;
  at::Tensor bias_weight_;
  Linear projection_, gate_, out_;
};

/// z += products and differences of the sequence state.
class SequenceToPair {
 public:
  explicit SequenceToPair(const Weights& weights);
  void add_to(at::Tensor z, const at::Tensor& s, const BlockSize& size) const;

 private:
  LayerNorm norm_;
  Linear projection_;
  at::Tensor of_product_, of_difference_, bias_;  ///< the halves of o_proj
};

class TrunkBlock {
 public:
  TrunkBlock(const TrunkConfig& config, const Weights& weights);
  void update(PairState& state, const at::Tensor& mask, const BlockSize& size) const;

 private:
  SequenceAttention attention_;
  Transition sequence_transition_;
  SequenceToPair sequence_to_pair_;
  TriangleProduct outgoing_, incoming_;
  TriangleAttention starting_, ending_;
  Transition pair_transition_;
};

/// Thread-safe: calls share nothing but weights.
class Trunk {
 public:
  /// @param weights  those whose names begin with "trunk."
  Trunk(const TrunkConfig& config, const Weights& weights);

  const TrunkConfig& config() const noexcept { return config_; }

  /// One pass through all blocks.
  /// @param previous  of the pass before; undefined tensors in the first. Its z is overwritten.
  /// @param bins  `recycling_bins` of the structure of the pass before; undefined in the first
  PairState pass(const TrunkInput& input, PairState previous, const at::Tensor& bins,
                 const TrunkOptions& options) const;

  /// What enters the blocks: norms of the states of the pass before, embedded bins and positions.
  PairState enter(const TrunkInput& input, PairState previous, const at::Tensor& bins,
                  const BlockSize& size) const;

  /// For the structure module.
  at::Tensor structure_s(const at::Tensor& s) const { return to_structure_s_(s); }
  at::Tensor structure_z(const at::Tensor& z) const { return to_structure_z_(z); }

 private:
  TrunkConfig config_;
  at::Tensor positions_;    ///< embedding of relative positions [66, C] f32
  at::Tensor bins_;         ///< embedding of distances [15, C] f32
  LayerNorm s_norm_, z_norm_;
  std::vector<TrunkBlock> blocks_;
  Linear to_structure_s_, to_structure_z_;
};

/// In which of `bins` each distance of virtual Cβ atoms falls, [B, L, L] i64: edges from 3.375 to
/// 21.375 Å. @param positions  N, Cα, C of each residue first, [B, L, ≥ 3, 3], Å
at::Tensor recycling_bins(const at::Tensor& positions, int bins);

/// Index into the embedding of relative positions, [B, L, L] i64: j − i within ± `reach`, counted from
/// 1; 0 where a residue is padding.
at::Tensor relative_positions(const at::Tensor& residue_index, const at::Tensor& mask, int reach);

}  // namespace foldstream::workflows::predict::esmfold
