#include "dihedral_types.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/refine/topology.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace foldstream::workflows::refine {
namespace {

class Builder {
 public:
  Builder(const ForceField& field, std::span<const ResidueKind> residues) : field_(field) {
    topology_.residues.assign(residues.begin(), residues.end());
    topology_.fudge_lj = field.fudge_lj;
    topology_.fudge_qq = field.fudge_qq;
  }

  Topology build(std::span<const std::pair<int, int>> disulphides) {
    add_atoms();
    add_bonds(disulphides);
    add_angles();
    add_neighbours();
    add_dihedrals();
    return std::move(topology_);
  }

 private:
  int residue_count() const { return static_cast<int>(topology_.residues.size()); }
  const ResidueTemplate& template_of(int residue) const {
    return field_.residue(topology_.residues[static_cast<std::size_t>(residue)].template_name);
  }
  const std::vector<int>& bonded(int atom) const { return bonded_[static_cast<std::size_t>(atom)]; }
  const std::string& type(int atom) const {
    return topology_.atoms[static_cast<std::size_t>(atom)].type;
  }

  void add_atoms() {
    for (int residue = 0; residue < residue_count(); ++residue) {
      topology_.first_atom.push_back(static_cast<int>(topology_.atoms.size()));
      for (const TemplateAtom& atom : template_of(residue).atoms) add_atom(residue, atom);
    }
    topology_.first_atom.push_back(static_cast<int>(topology_.atoms.size()));
    bonded_.resize(topology_.atoms.size());
  }

  void add_atom(int residue, const TemplateAtom& atom) {
    const auto found = field_.atom_types.find(atom.type);
    if (found == field_.atom_types.end()) {
      throw Error(ErrorKind::NotFound, "force field " + field_.name + " has no atom type '" +
                                           atom.type + "', used by " + template_of(residue).name +
                                           ":" + atom.name + ".");
    }
    const AtomType& kind = found->second;
    topology_.atoms.push_back({atom.name, atom.type, residue, kind.atomic_number, atom.charge,
                               kind.mass, kind.sigma, kind.epsilon});
  }

  /// The atom that a template of `residue` calls `name`, "-C" and "+N" included; −1 if none.
  int resolve(int residue, std::string_view name) const {
    if (name.front() == '-') {
      const bool joined = topology_.residues[static_cast<std::size_t>(residue)].joined;
      return joined && residue > 0 ? topology_.find(residue - 1, name.substr(1)) : -1;
    }
    if (name.front() == '+') {
      const int next = residue + 1;
      const bool joined =
          next < residue_count() && topology_.residues[static_cast<std::size_t>(next)].joined;
      return joined ? topology_.find(next, name.substr(1)) : -1;
    }
    return topology_.find(residue, name);
  }

  void add_bonds(std::span<const std::pair<int, int>> disulphides) {
    std::set<std::pair<int, int>> bonds;
    const auto add = [&](int a, int b) {
      if (a >= 0 && b >= 0) bonds.insert(std::minmax(a, b));
    };
    for (int residue = 0; residue < residue_count(); ++residue) {
      for (const auto& [a, b] : template_of(residue).bonds) {
        add(resolve(residue, a), resolve(residue, b));
      }
    }
    for (const auto& [a, b] : disulphides) add(topology_.find(a, "SG"), topology_.find(b, "SG"));
    for (const auto& [a, b] : bonds) {
      topology_.bonds.push_back({a, b, bond_type(a, b)});
      bonded_[static_cast<std::size_t>(a)].push_back(b);
      bonded_[static_cast<std::size_t>(b)].push_back(a);
    }
    for (std::vector<int>& neighbours : bonded_) std::sort(neighbours.begin(), neighbours.end());
  }

  BondType bond_type(int a, int b) const {
    const auto key = std::minmax(type(a), type(b));
    const auto found = field_.bond_types.find({key.first, key.second});
    if (found != field_.bond_types.end()) return found->second;
    throw missing("bond", {a, b});
  }

  AngleType angle_type(int a, int b, int c) const {
    const auto ends = std::minmax(type(a), type(c));
    const auto found = field_.angle_types.find({ends.first, type(b), ends.second});
    if (found != field_.angle_types.end()) return found->second;
    throw missing("angle", {a, b, c});
  }

  Error missing(const std::string& what, const std::vector<int>& atoms) const {
    std::string names;
    for (const int atom : atoms) names += (names.empty() ? "" : "-") + type(atom);
    const int residue = topology_.atoms[static_cast<std::size_t>(atoms.front())].residue;
    return Error(ErrorKind::NotFound, "force field " + field_.name + " has no " + what +
                                          " type for " + names + " in residue " +
                                          std::to_string(residue + 1) + " (" +
                                          template_of(residue).name + ").");
  }

  void add_angles() {
    for (int middle = 0; middle < static_cast<int>(bonded_.size()); ++middle) {
      const std::vector<int>& ends = bonded(middle);
      for (std::size_t a = 0; a < ends.size(); ++a) {
        for (std::size_t b = a + 1; b < ends.size(); ++b) {
          topology_.angles.push_back(
              {ends[a], middle, ends[b], angle_type(ends[a], middle, ends[b])});
        }
      }
    }
  }

  /// Sorts the neighbours of every atom into excluded (1–2, 1–3) and scaled (1–4) pairs.
  void add_neighbours() {
    for (int atom = 0; atom < static_cast<int>(bonded_.size()); ++atom) {
      std::set<int> near{atom};
      std::set<int> shell{atom};
      std::set<int> reached;
      for (int step = 1; step <= 3; ++step) {
        reached.clear();
        for (const int from : shell) reached.insert(bonded(from).begin(), bonded(from).end());
        for (const int other : near) reached.erase(other);
        near.insert(reached.begin(), reached.end());
        auto& list = step == 3 ? topology_.pairs : topology_.exclusions;
        for (const int other : reached) {
          if (other > atom) list.emplace_back(atom, other);
        }
        shell = reached;
      }
    }
  }

  void add_dihedrals() {
    std::set<std::array<int, 4>> own;
    for (int residue = 0; residue < residue_count(); ++residue) {
      const ResidueTemplate& kind = template_of(residue);
      for (const TemplateDihedral& listed : kind.dihedrals) {
        add_listed(residue, listed, field_.proper_types, topology_.propers);
        if (!topology_.propers.empty()) own.insert(canonical(topology_.propers.back().atoms));
      }
      for (const TemplateDihedral& listed : kind.impropers) {
        add_listed(residue, listed, field_.improper_types, topology_.impropers);
      }
    }
    for (const Bond& bond : topology_.bonds) {
      for (const int i : bonded(bond.i)) {
        for (const int l : bonded(bond.j)) {
          const std::array<int, 4> atoms{i, bond.i, bond.j, l};
          if (i == bond.j || l == bond.i || i == l || own.contains(canonical(atoms))) continue;
          topology_.propers.push_back({atoms, terms_of(atoms, field_.proper_types)});
        }
      }
    }
  }

  static std::array<int, 4> canonical(const std::array<int, 4>& atoms) {
    return atoms[0] < atoms[3] ? atoms : std::array<int, 4>{atoms[3], atoms[2], atoms[1], atoms[0]};
  }

  void add_listed(int residue, const TemplateDihedral& listed,
                  const std::vector<DihedralType>& types, std::vector<Dihedral>& out) {
    std::array<int, 4> atoms{};
    for (std::size_t i = 0; i < 4; ++i) {
      atoms[i] = resolve(residue, listed.atoms[i]);
      if (atoms[i] < 0) return;  // the neighbour is absent at a chain end
    }
    out.push_back({atoms, listed.terms.empty() ? terms_of(atoms, types) : listed.terms});
  }

  std::vector<DihedralTerm> terms_of(const std::array<int, 4>& atoms,
                                     const std::vector<DihedralType>& types) {
    const std::array<std::string, 4> names{type(atoms[0]), type(atoms[1]), type(atoms[2]),
                                           type(atoms[3])};
    const auto key = std::pair(&types, names);
    auto known = found_.find(key);
    if (known == found_.end()) {
      const DihedralType* best = best_dihedral_type(types, names);
      if (best == nullptr) throw missing("dihedral", {atoms.begin(), atoms.end()});
      known = found_.emplace(key, best->terms).first;
    }
    return known->second;
  }

  const ForceField& field_;
  Topology topology_;
  std::vector<std::vector<int>> bonded_;
  std::map<std::pair<const std::vector<DihedralType>*, std::array<std::string, 4>>,
           std::vector<DihedralTerm>>
      found_;
};

}  // namespace

int Topology::find(int residue, std::string_view name) const {
  const auto at = static_cast<std::size_t>(residue);
  for (int atom = first_atom.at(at); atom < first_atom.at(at + 1); ++atom) {
    if (atoms[static_cast<std::size_t>(atom)].name == name) return atom;
  }
  return -1;
}

Topology make_topology(const ForceField& field, std::span<const ResidueKind> residues,
                       std::span<const std::pair<int, int>> disulphides) {
  return Builder(field, residues).build(disulphides);
}

}  // namespace foldstream::workflows::refine
