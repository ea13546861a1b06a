// Solved chains as training sees them: what the networks are to predict, computed from coordinates.
#pragma once

#include "predict/vectors.hpp"

#include <foldstream/io/chain_library.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace foldstream::workflows::train {

using predict::Vec3;
using predict::operator+;
using predict::operator-;
using predict::operator*;

enum SecondaryStructure : std::uint8_t { helix, strand, other, unknown_structure };

/// Residues in order; those without coordinates are `known` = 0 and have no other truth.
struct Chain {
  std::vector<std::uint8_t> residues;  ///< index into io::amino_acids
  std::vector<std::uint8_t> known;
  std::vector<io::LibraryChain::Backbone> backbone;
  std::vector<Vec3> cb;  ///< where it would be if the residue were not glycine
  std::vector<SecondaryStructure> structure;
  std::vector<float> phi, psi;  ///< radians; NaN at ends and beside breaks
  std::vector<float> burial;    ///< Cβ atoms within 10 Å of the own, divided by 15
  std::vector<std::pair<int, int>> parallel, antiparallel;  ///< bridge partners i < j

  int length() const { return static_cast<int>(residues.size()); }
  float cb_distance(int i, int j) const {
    return static_cast<float>(
        predict::norm(cb[static_cast<std::size_t>(i)] - cb[static_cast<std::size_t>(j)]));
  }
};

/// Secondary structure from backbone hydrogen bonds (Kabsch and Sander 1983,
/// doi:10.1002/bip.360221211; energy below −0.5 kcal/mol): helices from turns of 3, 4 and 5,
/// strands from bridges. `known` may leave residues out; `numbers` jump at breaks of the chain.
Chain describe(const io::LibraryChain& chain, const std::vector<std::uint8_t>& known);

/// Every residue known.
Chain describe(const io::LibraryChain& chain);

/// Dihedral angle of four points, radians.
double dihedral(const Vec3& a, const Vec3& b, const Vec3& c, const Vec3& d);
/// Angle at `b`, radians.
double angle(const Vec3& a, const Vec3& b, const Vec3& c);

}  // namespace foldstream::workflows::train
