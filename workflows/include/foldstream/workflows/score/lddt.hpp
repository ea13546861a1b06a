// lDDT of Cα atoms: how well local distances of the native are kept, without superposition.
#pragma once

#include <foldstream/io/structure.hpp>

#include <optional>
#include <span>
#include <vector>

namespace foldstream::workflows::score {

/// All between 0 and 1.
struct Lddt {
  double global = 0;                ///< over all distances
  std::vector<double> per_residue;  ///< one a native residue; 0 where the model lacks it
};

/// lDDT (Mariani et al. 2013) of Cα atoms: of the distances in the native below 15 Å, the fraction
/// that the model keeps within 0.5, 1, 2 and 4 Å, averaged over the four. A distance to a residue
/// that the model lacks counts as not kept. A residue without neighbours scores 1 if present.
/// @param model  one entry a native residue, none where the model lacks it.
/// @throws Error{InvalidArgument} if the sizes differ.
Lddt lddt_ca(std::span<const std::optional<io::Vec3>> model, std::span<const io::Vec3> native);

}  // namespace foldstream::workflows::score
