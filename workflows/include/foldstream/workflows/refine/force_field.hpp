// ForceField: the residue templates and parameters of an Amber-type force field, as GROMACS keeps
// it.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foldstream::workflows::refine {

/// A Lennard-Jones atom type. `sigma` in Å, `epsilon` in kJ/mol, `mass` in u.
struct AtomType {
  int atomic_number = 0;
  double mass = 0;
  double sigma = 0;
  double epsilon = 0;
};

/// E = ½ k (r − length)², Å and kJ/mol/Å².
struct BondType {
  double length = 0;
  double k = 0;
};

/// E = ½ k (θ − angle)², radians and kJ/mol/rad².
struct AngleType {
  double angle = 0;
  double k = 0;
};

/// E = k (1 + cos(n φ − phase)), radians and kJ/mol.
struct DihedralTerm {
  double phase = 0;
  double k = 0;
  int multiplicity = 0;
};

/// The terms of four atom types, "X" standing for any type.
struct DihedralType {
  std::array<std::string, 4> types;
  std::vector<DihedralTerm> terms;
};

struct TemplateAtom {
  std::string name;  ///< as GROMACS calls it: "HB1", "OC1", "CD" of isoleucine
  std::string type;
  double charge = 0;  ///< e
};

/// Four atoms by name ("-C" and "+N" are in the neighbours); with their own terms if given.
struct TemplateDihedral {
  std::array<std::string, 4> atoms;
  std::vector<DihedralTerm> terms;
};

/// How to place `count` hydrogens on `controls[0]`; `method` is the number in the .hdb file.
struct HydrogenRule {
  int count = 0;
  int method = 0;
  std::string name;  ///< "HB" with count 2 makes HB1 and HB2
  std::vector<std::string> controls;
};

struct ResidueTemplate {
  std::string name;  ///< "ALA", "NALA" (first of its chain), "CALA" (last), "HIE", "CYX"
  std::vector<TemplateAtom> atoms;
  std::vector<std::pair<std::string, std::string>> bonds;
  std::vector<TemplateDihedral> dihedrals;
  std::vector<TemplateDihedral> impropers;
  std::vector<HydrogenRule> hydrogens;
};

/// A force field in memory. Immutable after reading, so it may be shared between threads.
struct ForceField {
  std::string name;  ///< "amber99sb-ildn": the folder without ".ff"
  double fudge_lj = 0.5;
  double fudge_qq = 0.8333;
  std::map<std::string, AtomType, std::less<>> atom_types;
  std::map<std::pair<std::string, std::string>, BondType> bond_types;  ///< names in order
  std::map<std::array<std::string, 3>, AngleType> angle_types;         ///< outer names in order
  std::vector<DihedralType> proper_types;                              ///< in file order
  std::vector<DihedralType> improper_types;
  std::map<std::string, ResidueTemplate, std::less<>> residues;

  /// @throws Error{NotFound} naming the residue and the force field.
  const ResidueTemplate& residue(std::string_view residue_name) const;
};

/// Where the set-up installs the default force field.
std::string default_force_field_folder();

/// Reads `forcefield.itp` with what it includes, `aminoacids.rtp` and `aminoacids.hdb` of a GROMACS
/// force-field folder. Lengths become Å, angles radians.
///
/// @throws Error{NotFound} if the folder is missing (the message names the Debian package and the
///         option), Error{Parse} with file:line, Error{Unsupported} for another functional form.
ForceField read_force_field(const std::string& folder);

}  // namespace foldstream::workflows::refine
