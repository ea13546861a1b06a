// The heavy atoms of a protein by residue, while it is being completed.
#pragma once

#include "side_chain_library.hpp"
#include "vec3.hpp"

#include <foldstream/io/structure.hpp>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace foldstream::workflows::refine {

struct HeavyAtom {
  std::string name;
  Vec3 position;
};

struct HeavyResidue {
  std::string name;              ///< "HIS"
  std::string place;             ///< "A:12", for messages
  bool joined = false;           ///< by a peptide bond to the residue before it
  std::vector<HeavyAtom> atoms;  ///< N, CA, C, O, CB (not of glycine), then what is known or placed
  bool side_chain_known = false;
  double phi = std::numeric_limits<double>::quiet_NaN();  ///< radians
  double psi = std::numeric_limits<double>::quiet_NaN();

  const Vec3* find(std::string_view atom_name) const;
  void set(std::string_view atom_name, const Vec3& position);
};

/// The residues of all chains of `structure` with complete backbones and Cβ.
/// @throws Error{InvalidArgument} naming the residue that is unknown or lacks N, CA or C.
std::vector<HeavyResidue> read_heavy_residues(const io::Structure& structure);

/// Pairs of cysteines that form a bridge, nobody in two; places the SG of those that had none.
std::vector<std::pair<int, int>> join_disulphides(std::vector<HeavyResidue>& residues);

/// Gives every residue whose side chain is not known a rotamer, so that they clash little.
/// Deterministic. @returns nothing: the atoms are added to `residues`.
void pack_side_chains(std::vector<HeavyResidue>& residues);

/// The positions of the side-chain atoms beyond Cβ for the given chi angles (radians).
std::vector<Vec3> place_side_chain(const HeavyResidue& residue, const ResidueLibrary& library,
                                   const std::vector<double>& chi);

}  // namespace foldstream::workflows::refine
