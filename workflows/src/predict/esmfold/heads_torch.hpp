// What ESMFold says of its own prediction: pLDDT, predicted aligned error and pTM, and what else it
// reads off its states.
#pragma once

#include "blocks_torch.hpp"
#include "weights_torch.hpp"

#include <ATen/ATen.h>

namespace foldstream::workflows::predict::esmfold {

/// Expected errors of all pairs.
struct AlignedError {
  at::Tensor pae;  ///< of j when i is superposed, Å, [B, L, L] f32
  at::Tensor ptm;  ///< predicted TM-score of each item, over its own residues, [B] f32
};

/// Shapes: s [B, L, S] and z [B, L, L, C] of the trunk, states [B, L, S'] of the structure module.
class Heads {
 public:
  /// @param weights  all of the model
  explicit Heads(const Weights& weights);

  /// Logits per atom37 and bin, [B, L, 37, 50].
  at::Tensor lddt_logits(const at::Tensor& states) const;
  /// pLDDT of every atom, 0–1, [B, L, 37] f32.
  at::Tensor plddt(const at::Tensor& states) const;

  /// [B, L, L, 64] at once.
  at::Tensor ptm_logits(const at::Tensor& z) const { return ptm_(z); }
  /// From the same logits, a block of rows at a time (supplement 1.9.7, equation 39).
  /// @param mask  [B, L] f32, 1 for residues; undefined: all are
  AlignedError aligned_error(const at::Tensor& z, const at::Tensor& mask,
                             const BlockSize& size) const;

  /// Symmetric logits of distances, [B, L, L, 64].
  at::Tensor distogram_logits(const at::Tensor& z) const;
  /// Logits of residue types, [B, L, 23].
  at::Tensor residue_logits(const at::Tensor& s) const { return residues_(s); }

 private:
  LayerNorm lddt_norm_;
  Linear lddt_first_, lddt_second_, lddt_third_, ptm_, distogram_, residues_;
};

}  // namespace foldstream::workflows::predict::esmfold
