#include "gromacs_text.hpp"
#include "residue_templates.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/refine/force_field.hpp>

#include <algorithm>
#include <filesystem>
#include <numbers>

namespace foldstream::workflows::refine {
namespace {

constexpr double angstrom_per_nm = 10.0;
constexpr double radians_per_degree = std::numbers::pi / 180.0;

void check_function(const TextLine& line, std::size_t index, int wanted) {
  if (integer(line, index) == wanted) return;
  throw Error(ErrorKind::Unsupported, line.place,
              "function type " + line.words[index] + " in [ " + line.section +
                  " ]; only Amber-type force fields (type " + std::to_string(wanted) +
                  " here) are read.");
}

void read_defaults(const TextLine& line, ForceField& field) {
  check_words(line, 5, "nbfunc, comb-rule, gen-pairs, fudgeLJ and fudgeQQ");
  check_function(line, 0, 1);
  if (integer(line, 1) != 2) {
    throw Error(ErrorKind::Unsupported, line.place, "only combination rule 2 is supported.");
  }
  field.fudge_lj = number(line, 3);
  field.fudge_qq = number(line, 4);
}

void read_atom_type(const TextLine& line, ForceField& field) {
  check_words(line, 7, "name, at.num, mass, charge, ptype, sigma and epsilon");
  field.atom_types[line.words[0]] = {integer(line, 1), number(line, 2),
                                     number(line, 5) * angstrom_per_nm, number(line, 6)};
}

void read_bond_type(const TextLine& line, ForceField& field) {
  check_words(line, 5, "i, j, func, b0 and kb");
  check_function(line, 2, 1);
  auto key = std::minmax(line.words[0], line.words[1]);
  field.bond_types[{key.first, key.second}] = {
      number(line, 3) * angstrom_per_nm, number(line, 4) / (angstrom_per_nm * angstrom_per_nm)};
}

void read_angle_type(const TextLine& line, ForceField& field) {
  check_words(line, 6, "i, j, k, func, th0 and cth");
  check_function(line, 3, 1);
  const auto ends = std::minmax(line.words[0], line.words[2]);
  field.angle_types[{ends.first, line.words[1], ends.second}] = {
      number(line, 4) * radians_per_degree, number(line, 5)};
}

void read_dihedral_type(const TextLine& line, ForceField& field) {
  check_words(line, 8, "i, j, k, l, func, phase, kd and pn");
  const int function = integer(line, 4);
  if (function != 4) check_function(line, 4, 9);
  std::vector<DihedralType>& types = function == 4 ? field.improper_types : field.proper_types;
  const std::array<std::string, 4> names{line.words[0], line.words[1], line.words[2],
                                         line.words[3]};
  const DihedralTerm term{number(line, 5) * radians_per_degree, number(line, 6), integer(line, 7)};
  // neighbouring lines of the same four types are the terms of one series
  if (types.empty() || types.back().types != names || function == 4) types.push_back({names, {}});
  types.back().terms.push_back(term);
}

void read_parameter(const TextLine& line, ForceField& field) {
  if (line.words.empty()) return;
  if (line.section == "defaults") return read_defaults(line, field);
  if (line.section == "atomtypes") return read_atom_type(line, field);
  if (line.section == "bondtypes") return read_bond_type(line, field);
  if (line.section == "angletypes") return read_angle_type(line, field);
  if (line.section == "dihedraltypes") return read_dihedral_type(line, field);
}

void check_folder(const std::filesystem::path& folder) {
  if (std::filesystem::is_regular_file(folder / "forcefield.itp")) return;
  throw Error(ErrorKind::NotFound,
              "there is no GROMACS force field in '" + folder.string() +
                  "' (no forcefield.itp). Install the package 'gromacs-data', or set the option "
                  "'force_field_folder' to a folder such as …/top/amber99sb-ildn.ff.");
}

}  // namespace

std::string default_force_field_folder() { return FOLDSTREAM_FORCE_FIELD_FOLDER; }

const ResidueTemplate& ForceField::residue(std::string_view residue_name) const {
  if (const auto found = residues.find(residue_name); found != residues.end()) return found->second;
  throw Error(ErrorKind::NotFound, "force field " + name + " has no residue '" +
                                       std::string(residue_name) +
                                       "'. Refinement knows the twenty amino acids.");
}

ForceField read_force_field(const std::string& folder) {
  const std::filesystem::path path(folder);
  check_folder(path);
  ForceField field;
  field.name = (path.has_filename() ? path : path.parent_path()).stem().string();
  Macros macros;
  for (const TextLine& line : read_lines(path / "forcefield.itp", macros)) {
    read_parameter(line, field);
  }
  field.residues = read_residue_templates(path / "aminoacids.rtp", macros);
  read_hydrogen_rules(path / "aminoacids.hdb", field.residues);
  return field;
}

}  // namespace foldstream::workflows::refine
