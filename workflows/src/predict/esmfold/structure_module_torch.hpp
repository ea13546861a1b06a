// The structure module (Jumper et al., Nature 2021, supplement 1.8): from single and pair states to
// frames, torsions and atoms. Everything is f32 but the inputs of large products.
#pragma once

#include "atoms_torch.hpp"
#include "blocks_torch.hpp"
#include "model_config.hpp"
#include "weights_torch.hpp"

#include <ATen/ATen.h>

#include <vector>

namespace foldstream::workflows::predict::esmfold {

/// After an iteration. B × L residues; H heads; frames in Å.
struct StructureStep {
  at::Tensor state;          ///< [B, L, S]
  at::Tensor quaternions;    ///< w, x, y, z, [B, L, 4]
  at::Tensor translations;   ///< Å, [B, L, 3]
  at::Tensor raw_torsions;   ///< [B, L, 7, 2], before they are made unit vectors
  at::Tensor torsions;       ///< sine and cosine
  Frames groups;             ///< [B, L, 8]
  at::Tensor atoms14;        ///< Å, [B, L, 14, 3]
};

/// Invariant point attention (algorithm 22).
class PointAttention {
 public:
  PointAttention(const StructureConfig& config, const Weights& weights);

  /// What the pair state adds to the logits, the same in all iterations: [B, H, L, L].
  /// @param key_bias  [B, L], very low for padding; undefined: there is none
  at::Tensor pair_bias(const at::Tensor& z, const at::Tensor& key_bias) const;

  /// [B, L, S].
  /// @param z  the normed pair state [B, L, L, C]
  at::Tensor operator()(const at::Tensor& s, const at::Tensor& z, const at::Tensor& bias,
                        const Frames& frames, const BlockSize& size) const;

 private:
  /// Query, key and value with their points behind them, per head; and what keys alone add.
  struct Mixed {
    at::Tensor query, key, value;  ///< [B, H, L, ·]
    at::Tensor of_keys;            ///< [B, H, 1, L]
  };
  Mixed mix(const at::Tensor& s, const Frames& frames, const at::Tensor& centre) const;
  at::Tensor points(const at::Tensor& projected, const Frames& frames,
                    const at::Tensor& centre) const;

  StructureConfig config_;
  Linear query_, key_value_, query_points_, key_value_points_, pair_, out_;
  at::Tensor point_weight_;  ///< of each head, [H]
};

/// Thread-safe: calls share nothing but weights.
class StructureModule {
 public:
  /// @param weights  those whose names begin with "trunk.structure_module."
  StructureModule(const StructureConfig& config, const Weights& weights);

  /// @param s, z  as Trunk::structure_s and structure_z give them
  /// @param types  [B, L] i64
  /// @param mask  [B, L] f32, 0 for padding; undefined: there is none
  /// @param keep_all  every iteration; else the last alone
  std::vector<StructureStep> run(const at::Tensor& s, const at::Tensor& z, const at::Tensor& types,
                                 const at::Tensor& mask, const BlockSize& size,
                                 bool keep_all = false) const;

  const AtomTables& tables() const noexcept { return tables_; }

 private:
  struct Layer {
    Linear first, second, third;
  };
  struct Pose {
    at::Tensor quaternions, translations;  ///< in the module's own unit of length
  };

  at::Tensor transition(at::Tensor s) const;
  Pose moved(const Pose& pose, const at::Tensor& s) const;
  at::Tensor raw_torsions(const at::Tensor& s, const at::Tensor& initial) const;
  StructureStep step(const at::Tensor& s, const at::Tensor& initial, const Pose& pose,
                     const at::Tensor& types) const;

  StructureConfig config_;
  LayerNorm s_norm_, z_norm_, attention_norm_, transition_norm_;
  Linear in_, backbone_, torsion_in_, torsion_initial_, torsion_out_;
  PointAttention attention_;
  std::vector<Layer> transition_;
  std::vector<Layer> torsion_layers_;  ///< of two linear layers each
  AtomTables tables_;
};

}  // namespace foldstream::workflows::predict::esmfold
