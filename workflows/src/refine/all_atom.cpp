#include "heavy_atoms.hpp"
#include "hydrogens.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/refine/all_atom.hpp>

#include <algorithm>
#include <limits>
#include <map>

namespace foldstream::workflows::refine {
namespace {

struct CompletedProtein {
  std::vector<HeavyResidue> residues;
  std::vector<std::pair<int, int>> disulphides;
};

CompletedProtein complete(const io::Structure& structure) {
  CompletedProtein protein;
  protein.residues = read_heavy_residues(structure);
  protein.disulphides = join_disulphides(protein.residues);
  pack_side_chains(protein.residues);
  return protein;
}

/// PDB name by force-field name of the atoms of one residue.
std::map<std::string, std::string> pdb_names(const ResidueTemplate& kind) {
  std::map<std::string, std::string> names{{"OC1", "O"}, {"OC2", "OXT"}};
  for (const HydrogenRule& rule : kind.hydrogens) {
    if (rule.method != 6) continue;
    names[rule.name + "1"] = rule.name + "2";
    names[rule.name + "2"] = rule.name + "3";
  }
  if (kind.name.ends_with("ILE")) {
    names["CD"] = "CD1";
    for (const std::string digit : {"1", "2", "3"}) names["HD" + digit] = "HD1" + digit;
  }
  return names;
}

std::string pdb_name(const std::map<std::string, std::string>& names, const std::string& name) {
  const auto found = names.find(name);
  return found == names.end() ? name : found->second;
}

std::vector<ResidueKind> kinds_of(const CompletedProtein& protein) {
  std::vector<bool> bridged(protein.residues.size());
  for (const auto& [i, j] : protein.disulphides) {
    bridged[static_cast<std::size_t>(i)] = bridged[static_cast<std::size_t>(j)] = true;
  }
  std::vector<ResidueKind> kinds;
  for (std::size_t i = 0; i < protein.residues.size(); ++i) {
    const HeavyResidue& residue = protein.residues[i];
    std::string name = residue.name;
    if (name == "HIS") name = "HIE";
    if (name == "CYS" && bridged[i]) name = "CYX";
    const bool has_next = i + 1 < protein.residues.size() && protein.residues[i + 1].joined;
    if (!residue.joined && !has_next) {
      throw Error(ErrorKind::InvalidArgument,
                  "residue " + residue.place + " " + residue.name +
                      " stands alone; the force field needs chains of two residues or more.");
    }
    if (!residue.joined) name = "N" + name;
    if (!has_next) name = "C" + name;
    kinds.push_back({name, residue.joined});
  }
  return kinds;
}

class Placement {
 public:
  Placement(const CompletedProtein& protein, const ForceField& field, AllAtomModel& model)
      : protein_(protein), field_(field), model_(model) {}

  void run() {
    const double unknown = std::numeric_limits<double>::quiet_NaN();
    model_.positions.assign(model_.topology.atoms.size(), {unknown, unknown, unknown});
    model_.atom_names.resize(model_.topology.atoms.size());
    for (const Bond& bond : model_.topology.bonds) {
      lengths_[{bond.i, bond.j}] = bond.type.length;
    }
    for (std::size_t residue = 0; residue < protein_.residues.size(); ++residue) {
      place_heavy(residue);
    }
    for (std::size_t residue = 0; residue < protein_.residues.size(); ++residue) {
      for (const HydrogenRule& rule : kind(residue).hydrogens) apply(residue, rule);
    }
    check_complete();
  }

 private:
  const ResidueTemplate& kind(std::size_t residue) const {
    return field_.residue(model_.topology.residues[residue].template_name);
  }

  void place_heavy(std::size_t residue) {
    const auto names = pdb_names(kind(residue));
    const int begin = model_.topology.first_atom[residue];
    const int end = model_.topology.first_atom[residue + 1];
    for (int atom = begin; atom < end; ++atom) {
      const auto at = static_cast<std::size_t>(atom);
      const std::string name = pdb_name(names, model_.topology.atoms[at].name);
      model_.atom_names[at] = name;
      if (const Vec3* known = protein_.residues[residue].find(name)) {
        model_.positions[at] = *known;
      }
    }
  }

  void apply(std::size_t residue, const HydrogenRule& rule) {
    const std::vector<std::string> names = hydrogen_names(rule);
    std::vector<int> atoms;
    for (const std::string& name : names) {
      atoms.push_back(model_.topology.find(static_cast<int>(residue), name));
    }
    // the rules of the C-terminal templates also rebuild an oxygen, which is there already
    if (atoms.front() < 0 || is_placed(atoms.front())) return;
    std::vector<Vec3> at;
    int centre = -1;
    for (const std::string& name : rule.controls) {
      const bool previous = name.front() == '-';
      const int atom = model_.topology.find(static_cast<int>(residue) - (previous ? 1 : 0),
                                            previous ? name.substr(1) : name);
      if (atom < 0) throw missing_control(residue, rule, name);
      if (at.empty()) centre = atom;
      at.push_back(model_.positions[static_cast<std::size_t>(atom)]);
    }
    const double length = lengths_.at(std::minmax(centre, atoms.front()));
    const std::vector<Vec3> places = place_hydrogens(rule, at, length);
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      model_.positions[static_cast<std::size_t>(atoms[i])] = places[i];
    }
  }

  bool is_placed(int atom) const {
    return !std::isnan(model_.positions[static_cast<std::size_t>(atom)].x);
  }

  Error missing_control(std::size_t residue, const HydrogenRule& rule,
                        const std::string& name) const {
    return Error(ErrorKind::NotFound, "hydrogen " + rule.name + " of " + kind(residue).name +
                                          " needs the atom " + name + ", which force field " +
                                          field_.name + " does not give to that residue.");
  }

  void check_complete() const {
    for (std::size_t i = 0; i < model_.positions.size(); ++i) {
      if (is_placed(static_cast<int>(i))) continue;
      const TopologyAtom& atom = model_.topology.atoms[i];
      const auto residue = static_cast<std::size_t>(atom.residue);
      throw Error(ErrorKind::NotFound, "force field " + field_.name + " has no rule to place " +
                                           atom.name + " of " + kind(residue).name + " (" +
                                           protein_.residues[residue].place + ").");
    }
  }

  const CompletedProtein& protein_;
  const ForceField& field_;
  AllAtomModel& model_;
  std::map<std::pair<int, int>, double> lengths_;
};

std::string element_of(int atomic_number) {
  switch (atomic_number) {
    case 1:
      return "H";
    case 6:
      return "C";
    case 7:
      return "N";
    case 8:
      return "O";
    case 16:
      return "S";
    default:
      return "X";
  }
}

double alpha_b_factor(const io::Residue& residue) {
  const io::Atom* alpha = residue.find("CA");
  return alpha != nullptr ? alpha->b_factor : 0.0;
}

/// The place of an atom in PDB order: backbone, side chain, OXT, hydrogens.
int rank_of(const io::Atom& atom) {
  if (atom.element == "H") return 6;
  if (atom.name == "OXT") return 5;
  static const char* const backbone[] = {"N", "CA", "C", "O"};
  for (int i = 0; i < 4; ++i) {
    if (atom.name == backbone[i]) return i;
  }
  return 4;
}

std::vector<io::Atom> atoms_of(const AllAtomModel& model, std::size_t residue, double b_factor) {
  const auto begin = static_cast<std::size_t>(model.topology.first_atom[residue]);
  const auto end = static_cast<std::size_t>(model.topology.first_atom[residue + 1]);
  std::vector<io::Atom> atoms;
  for (std::size_t at = begin; at < end; ++at) {
    atoms.push_back({model.atom_names[at], element_of(model.topology.atoms[at].atomic_number),
                     model.positions[at], b_factor, 1.0});
  }
  std::stable_sort(atoms.begin(), atoms.end(),
                   [](const auto& a, const auto& b) { return rank_of(a) < rank_of(b); });
  return atoms;
}

/// The residues of all chains in one row.
std::vector<io::Residue*> residues_of(io::Structure& structure) {
  std::vector<io::Residue*> residues;
  for (io::Chain& chain : structure.chains) {
    for (io::Residue& residue : chain.residues) residues.push_back(&residue);
  }
  return residues;
}

}  // namespace

io::Structure complete_heavy_atoms(const io::Structure& structure) {
  const CompletedProtein protein = complete(structure);
  io::Structure completed = structure;
  const std::vector<io::Residue*> residues = residues_of(completed);
  for (std::size_t i = 0; i < residues.size(); ++i) {
    io::Residue& residue = *residues[i];
    const double b_factor = alpha_b_factor(residue);
    std::vector<io::Atom> atoms;
    for (const HeavyAtom& atom : protein.residues[i].atoms) {
      const io::Atom* known = residue.find(atom.name);
      atoms.push_back({atom.name, atom.name.substr(0, 1), atom.position,
                       known != nullptr ? known->b_factor : b_factor, 1.0});
    }
    std::stable_sort(atoms.begin(), atoms.end(),
                     [](const auto& a, const auto& b) { return rank_of(a) < rank_of(b); });
    residue.name = protein.residues[i].name;
    residue.atoms = std::move(atoms);
  }
  return completed;
}

AllAtomModel make_all_atom(const io::Structure& structure, const ForceField& field) {
  const CompletedProtein protein = complete(structure);
  AllAtomModel model;
  model.disulphides = protein.disulphides;
  model.topology = make_topology(field, kinds_of(protein), protein.disulphides);
  for (const HeavyResidue& residue : protein.residues) model.residue_names.push_back(residue.name);
  Placement(protein, field, model).run();
  return model;
}

io::Structure to_structure(const AllAtomModel& model, const io::Structure& like) {
  io::Structure structure = like;
  const std::vector<io::Residue*> residues = residues_of(structure);
  if (residues.size() != model.residue_names.size()) {
    throw Error(ErrorKind::InvalidArgument,
                "the model has " + std::to_string(model.residue_names.size()) +
                    " residues, the structure to be like has " + std::to_string(residues.size()));
  }
  for (std::size_t i = 0; i < residues.size(); ++i) {
    residues[i]->atoms = atoms_of(model, i, alpha_b_factor(*residues[i]));
    residues[i]->name = model.residue_names[i];
  }
  return structure;
}

}  // namespace foldstream::workflows::refine
