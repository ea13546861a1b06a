// AllAtomModel: a protein with every atom in place, hydrogens included, and its topology.
#pragma once

#include <foldstream/io/structure.hpp>
#include <foldstream/workflows/refine/force_field.hpp>
#include <foldstream/workflows/refine/topology.hpp>

#include <string>
#include <utility>
#include <vector>

namespace foldstream::workflows::refine {

struct AllAtomModel {
  Topology topology;
  std::vector<io::Vec3> positions;         ///< Å, one an atom of the topology
  std::vector<std::string> atom_names;     ///< PDB names: "HB2" where the force field says "HB1"
  std::vector<std::string> residue_names;  ///< standard names: "HIS", "CYS"
  std::vector<std::pair<int, int>> disulphides;  ///< residues, counted over all chains
};

/// `structure` with the heavy atoms of every residue, and no hydrogens. Missing side chains get
/// rotamers that clash little (frequencies by φ and ψ, counted in crystal structures), missing O,
/// Cβ and OXT their ideal places; atoms that are there stay, unless a Cβ is on the wrong hand: then
/// that side chain is made anew. Chains are broken where the numbering jumps and the bond is
/// absent.
///
/// Deterministic. New atoms take the B-factor of their Cα. Residue names become the standard ones.
/// @throws Error{InvalidArgument} naming a residue that is unknown (X) or lacks N, CA or C.
io::Structure complete_heavy_atoms(const io::Structure& structure);

/// The all-atom model of `structure` at pH 7: completed as by `complete_heavy_atoms`, charged ends
/// (a chain break counts as two), histidine with its hydrogen on Nε2, cysteines bridged where
/// the geometry says so. Hydrogens are always built anew, by the rules of the force field.
/// @throws Error as `complete_heavy_atoms`; Error{NotFound} for what the force field lacks, such as
///         a chain of one residue.
AllAtomModel make_all_atom(const io::Structure& structure, const ForceField& field);

/// `model` as a structure with PDB atom names (HB2 and HB3, CD1 of isoleucine, OXT) and residue
/// names (HIS, CYS); chains, numbers and B-factors (of the Cα) are those of `like`, from which the
/// model was made.
io::Structure to_structure(const AllAtomModel& model, const io::Structure& like);

}  // namespace foldstream::workflows::refine
