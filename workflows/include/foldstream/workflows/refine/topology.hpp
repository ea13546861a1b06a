// Topology: which atoms a protein has and which force-field terms act between them.
#pragma once

#include <foldstream/io/structure.hpp>
#include <foldstream/workflows/refine/force_field.hpp>

#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace foldstream::workflows::refine {

/// One residue of a protein to be: its template ("NALA", "HIE") and whether a peptide bond joins it
/// to the residue before it.
struct ResidueKind {
  std::string template_name;
  bool joined = false;
};

struct TopologyAtom {
  std::string name;  ///< as the force field calls it
  std::string type;
  int residue = 0;
  int atomic_number = 0;
  double charge = 0;   ///< e
  double mass = 0;     ///< u
  double sigma = 0;    ///< Å
  double epsilon = 0;  ///< kJ/mol
};

struct Bond {
  int i = 0, j = 0;
  BondType type;
};

struct Angle {
  int i = 0, j = 0, k = 0;
  AngleType type;
};

struct Dihedral {
  std::array<int, 4> atoms{};
  std::vector<DihedralTerm> terms;
};

/// All terms of a protein, as GROMACS' pdb2gmx and grompp would make them.
struct Topology {
  std::vector<TopologyAtom> atoms;  ///< residue by residue, in template order
  std::vector<ResidueKind> residues;
  std::vector<int> first_atom;  ///< of each residue, and the number of atoms at the end
  std::vector<Bond> bonds;
  std::vector<Angle> angles;
  std::vector<Dihedral> propers;
  std::vector<Dihedral> impropers;
  std::vector<std::pair<int, int>> pairs;       ///< three bonds apart (i < j): scaled interactions
  std::vector<std::pair<int, int>> exclusions;  ///< one or two bonds apart (i < j): none
  double fudge_lj = 0.5;
  double fudge_qq = 0.8333;

  /// The atom of `residue` called `name`, or −1.
  int find(int residue, std::string_view name) const;
};

/// The topology of `residues`, with a bond between the SG of each pair in `disulphides` (residues).
/// @throws Error{NotFound} naming the residue, atom types or atom that the force field lacks.
Topology make_topology(const ForceField& field, std::span<const ResidueKind> residues,
                       std::span<const std::pair<int, int>> disulphides = {});

/// Energies in kJ/mol without cut-off or solvent; `_14` between atoms three bonds apart.
struct EnergyTerms {
  double bond = 0;
  double angle = 0;
  double proper = 0;
  double improper = 0;
  double lennard_jones_14 = 0;
  double coulomb_14 = 0;
  double lennard_jones = 0;
  double coulomb = 0;

  double total() const;
};

/// Evaluates every term in double precision at `positions` (Å, one an atom). One thread; O(atoms²).
EnergyTerms evaluate_energy(const Topology& topology, std::span<const io::Vec3> positions);

}  // namespace foldstream::workflows::refine
