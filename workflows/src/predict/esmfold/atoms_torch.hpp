// From backbone frames and torsions to atoms (Jumper et al., supplement, algorithm 24).
#pragma once

#include "rigid_torch.hpp"

#include <ATen/ATen.h>

namespace foldstream::workflows::predict::esmfold {

/// The tables of residue_geometry.hpp as tensors on a device. Thread-safe.
class AtomTables {
 public:
  explicit AtomTables(at::Device device);

  /// The eight rigid groups of each residue.
  /// @param backbone  [B, L], Å
  /// @param torsions  sine and cosine of pre-omega, phi, psi, chi1–chi4, [B, L, 7, 2]
  /// @param types  [B, L] i64
  Frames groups(const Frames& backbone, const at::Tensor& torsions, const at::Tensor& types) const;

  /// Positions [B, L, 14, 3], Å; zero for atoms that a residue does not have.
  at::Tensor atoms14(const Frames& groups, const at::Tensor& types) const;

  /// The same in the atom37 layout, [B, L, 37, 3]; zero where `exists` is.
  at::Tensor atoms37(const at::Tensor& atoms14, const at::Tensor& types) const;

  /// Which atoms there are, 1 or 0: [B, L, 14] and [B, L, 37] f32.
  at::Tensor exists14(const at::Tensor& types) const;
  at::Tensor exists37(const at::Tensor& types) const;

 private:
  Frames defaults_;        ///< [21, 8]
  at::Tensor group_;       ///< of each atom, [21, 14] i64
  at::Tensor position_;    ///< in its group, [21, 14, 3]
  at::Tensor exists14_, exists37_;
  at::Tensor from_14_;     ///< place in the atom14 layout, [21, 37] i64
};

}  // namespace foldstream::workflows::predict::esmfold
