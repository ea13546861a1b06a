#include "residue_templates.hpp"

#include <foldstream/error.hpp>

#include <numbers>
#include <set>

namespace foldstream::workflows::refine {
namespace {

/// `line` from word 4 on, with a macro name replaced by what it stands for.
std::vector<DihedralTerm> own_terms(const TextLine& line, const Macros& macros) {
  if (line.words.size() == 4) return {};
  TextLine expanded = line;
  if (const auto macro = macros.find(line.words[4]); macro != macros.end()) {
    expanded.words.resize(4);
    expanded.words.insert(expanded.words.end(), macro->second.begin(), macro->second.end());
  }
  if (expanded.words.size() < 7) {
    throw Error(ErrorKind::Parse, line.place,
                "'" + line.words[4] + "' is not defined in the files of forcefield.itp.");
  }
  return {
      {number(expanded, 4) * std::numbers::pi / 180.0, number(expanded, 5), integer(expanded, 6)}};
}

TemplateDihedral read_dihedral(const TextLine& line, const Macros& macros) {
  check_words(line, 4, "four atoms");
  return {{line.words[0], line.words[1], line.words[2], line.words[3]}, own_terms(line, macros)};
}

void read_line(const TextLine& line, const Macros& macros, ResidueTemplate& residue) {
  if (line.section == "atoms") {
    check_words(line, 3, "name, type and charge");
    residue.atoms.push_back({line.words[0], line.words[1], number(line, 2)});
  } else if (line.section == "bonds") {
    check_words(line, 2, "two atoms");
    residue.bonds.emplace_back(line.words[0], line.words[1]);
  } else if (line.section == "dihedrals") {
    residue.dihedrals.push_back(read_dihedral(line, macros));
  } else if (line.section == "impropers") {
    residue.impropers.push_back(read_dihedral(line, macros));
  } else {
    throw Error(ErrorKind::Parse, line.place, "unknown section '" + line.section + "'.");
  }
}

void check_bonded_types(const TextLine& line) {
  check_words(line, 8, "eight numbers");
  const int wanted[8] = {1, 1, 9, 4, 1, 3, 1, 0};
  for (std::size_t i = 0; i < 8; ++i) {
    if (integer(line, i) == wanted[i]) continue;
    throw Error(ErrorKind::Unsupported, line.place,
                "only Amber-type templates (1 1 9 4 1 3 1 0) are read.");
  }
}

}  // namespace

ResidueTemplates read_residue_templates(const std::filesystem::path& path, const Macros& macros) {
  static const std::set<std::string> parts{"atoms", "bonds", "dihedrals", "impropers"};
  ResidueTemplates templates;
  ResidueTemplate* residue = nullptr;
  Macros none;
  for (const TextLine& line : read_lines(path, none)) {
    if (line.section == "bondedtypes") {
      if (!line.words.empty()) check_bonded_types(line);
    } else if (line.words.empty()) {
      if (parts.contains(line.section)) continue;
      residue = &templates[line.section];
      *residue = ResidueTemplate{};
      residue->name = line.section;
    } else if (residue == nullptr) {
      throw Error(ErrorKind::Parse, line.place, "a line before the first residue.");
    } else {
      read_line(line, macros, *residue);
    }
  }
  return templates;
}

void read_hydrogen_rules(const std::filesystem::path& path, ResidueTemplates& templates) {
  Macros none;
  const std::vector<TextLine> lines = read_lines(path, none);
  for (std::size_t at = 0; at < lines.size();) {
    check_words(lines[at], 2, "a residue and its number of rules");
    const auto residue = templates.find(lines[at].words[0]);
    const auto count = static_cast<std::size_t>(integer(lines[at], 1));
    for (std::size_t rule = 1; rule <= count; ++rule) {
      if (at + rule >= lines.size()) {
        throw Error(ErrorKind::Parse, lines[at].place,
                    "the file ends before the " + std::to_string(count) + " rules promised here.");
      }
      const TextLine& line = lines[at + rule];
      check_words(line, 4, "count, method, name and atoms");
      if (residue == templates.end()) continue;
      residue->second.hydrogens.push_back({integer(line, 0),
                                           integer(line, 1),
                                           line.words[2],
                                           {line.words.begin() + 3, line.words.end()}});
    }
    at += count + 1;
  }
}

}  // namespace foldstream::workflows::refine
