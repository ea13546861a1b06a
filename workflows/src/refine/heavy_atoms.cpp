#include "heavy_atoms.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/sequence.hpp>

#include <algorithm>
#include <cmath>

namespace foldstream::workflows::refine {
namespace {

bool is_finite(const Vec3& a) {
  return std::isfinite(a.x) && std::isfinite(a.y) && std::isfinite(a.z) && norm(a) < 1e5;
}

std::string place_of(const io::Chain& chain, const io::Residue& residue) {
  std::string place = chain.id + ":" + std::to_string(residue.number);
  if (residue.insertion != ' ' && residue.insertion != '\0') place += residue.insertion;
  return place;
}

Vec3 ideal_beta(const HeavyResidue& residue, const SideChainAtom& beta) {
  return place(*residue.find("C"), *residue.find("N"), *residue.find("CA"), beta.length, beta.angle,
               beta.offset);
}

/// Keeps the atoms that the residue should have; selenium of selenomethionine counts as sulphur.
HeavyResidue read_residue(const io::Chain& chain, const io::Residue& residue) {
  HeavyResidue read;
  read.place = place_of(chain, residue);
  const char letter = io::one_letter(residue.name);
  read.name = std::string(io::three_letter(letter));
  const auto library = side_chain_library().residues.find(read.name);
  if (library == side_chain_library().residues.end()) {
    throw Error(ErrorKind::InvalidArgument,
                "residue " + read.place + " '" + residue.name +
                    "' is not one of the twenty amino acids; its atoms are not known. Replace it "
                    "in the sequence (X cannot be refined).");
  }
  const auto keep = [&](std::string_view name, std::string_view other = "") {
    const io::Atom* atom = residue.find(name);
    if (atom == nullptr && !other.empty()) atom = residue.find(other);
    if (atom == nullptr) return;
    if (!is_finite(atom->position)) {
      throw Error(ErrorKind::InvalidArgument, "atom " + std::string(name) + " of residue " +
                                                  read.place + " has no finite position.");
    }
    read.set(name, atom->position);
  };
  for (const char* name : {"N", "CA", "C", "O"}) keep(name, name[0] == 'O' ? "OC1" : "");
  for (const SideChainAtom& atom : library->second.atoms) {
    keep(atom.name, atom.name == "SD" ? "SE" : atom.name == "CD1" ? "CD" : "");
  }
  keep("OXT", "OC2");
  return read;
}

void check_backbone(const HeavyResidue& residue) {
  for (const char* name : {"N", "CA", "C"}) {
    if (residue.find(name) != nullptr) continue;
    throw Error(ErrorKind::InvalidArgument, "residue " + residue.place + " " + residue.name +
                                                " has no atom " + name +
                                                ". Refinement needs N, CA and C of every residue.");
  }
}

/// Neighbours in number are joined unless far apart, others only where the bond is plain to see.
bool are_joined(const HeavyResidue& left, const io::Residue& a, const HeavyResidue& right,
                const io::Residue& b) {
  const double gap = distance(*left.find("C"), *right.find("N"));
  return gap < (b.number == a.number + 1 ? 4.0 : 2.2);
}

/// Atoms that lie on one another get apart by a small step that depends only on their number.
void separate(std::vector<HeavyResidue>& residues) {
  std::vector<Vec3*> all;
  for (HeavyResidue& residue : residues) {
    for (HeavyAtom& atom : residue.atoms) all.push_back(&atom.position);
  }
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(all[a]->x, a) < std::pair(all[b]->x, b);
  });
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t j = i + 1; j < order.size() && all[order[j]]->x - all[order[i]]->x < 0.1;
         ++j) {
      if (squared_distance(*all[order[i]], *all[order[j]]) > 0.01) continue;
      const double turn = 2.399963 * static_cast<double>(order[j]);
      Vec3& moved = *all[order[j]];
      moved = moved + Vec3{0.0, 0.3 * std::cos(turn), 0.3 * std::sin(turn)};
    }
  }
}

/// Whether `a`, `b`, `c` turn around `centre` as the Cβ, N and C of an L residue do, not nearly
/// flat.
bool is_left_handed(const Vec3& centre, const Vec3& a, const Vec3& b, const Vec3& c) {
  return dot(a - centre, cross(b - centre, c - centre)) > 1.0;
}

void forget(HeavyResidue& residue, std::size_t first) {
  const auto& atoms = side_chain_library().residues.at(residue.name).atoms;
  std::erase_if(residue.atoms, [&](const HeavyAtom& atom) {
    return std::any_of(atoms.begin() + static_cast<std::ptrdiff_t>(first), atoms.end(),
                       [&](const SideChainAtom& side) { return side.name == atom.name; });
  });
}

/// A Cβ that is missing, on the wrong hand or far off is put where it belongs.
void complete_beta(HeavyResidue& residue) {
  const auto& atoms = side_chain_library().residues.at(residue.name).atoms;
  if (atoms.empty()) return;
  const Vec3 ideal = ideal_beta(residue, atoms.front());
  const Vec3* beta = residue.find("CB");
  if (beta != nullptr && distance(*beta, ideal) < 1.3 &&
      is_left_handed(*residue.find("CA"), *beta, *residue.find("N"), *residue.find("C"))) {
    return;
  }
  if (beta != nullptr) forget(residue, 0);
  residue.set("CB", ideal);
}

/// The dihedral of a side-chain atom that is there with its references; NaN otherwise.
double known_dihedral(const HeavyResidue& residue, const SideChainAtom& atom) {
  const Vec3* a = residue.find(atom.a);
  const Vec3* b = residue.find(atom.b);
  const Vec3* c = residue.find(atom.c);
  const Vec3* d = residue.find(atom.name);
  if (a == nullptr || b == nullptr || c == nullptr || d == nullptr) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return dihedral(*a, *b, *c, *d);
}

/// A branch on the wrong side (threonine, isoleucine) makes the whole side chain unusable.
void check_branches(HeavyResidue& residue) {
  const auto& atoms = side_chain_library().residues.at(residue.name).atoms;
  for (std::size_t i = 2; i < atoms.size(); ++i) {
    if (atoms[i].chi == 0 || atoms[i].chi != atoms[i - 1].chi) continue;
    const double apart =
        known_dihedral(residue, atoms[i]) - known_dihedral(residue, atoms[i - 1]) - atoms[i].offset;
    if (std::abs(std::remainder(apart, 2 * std::numbers::pi)) > 60 * radians) {
      return forget(residue, 1);
    }
  }
}

/// The carbonyl oxygen in the plane of the next nitrogen, or opposite to it at a chain end.
void complete_oxygen(HeavyResidue& residue, const HeavyResidue* next) {
  const Vec3 alpha = *residue.find("CA");  // copies: `set` may move the atoms
  const Vec3 carbon = *residue.find("C");
  if (residue.find("O") == nullptr) {
    const bool has_next = next != nullptr;
    const Vec3 from = has_next ? *next->find("N") : *residue.find("N");
    residue.set("O", place(from, alpha, carbon, 1.231, 120.5 * radians,
                           has_next ? std::numbers::pi : -40.0 * radians));
  }
  if (next == nullptr && residue.find("OXT") == nullptr) {
    residue.set("OXT",
                place(*residue.find("O"), alpha, carbon, 1.25, 117.0 * radians, std::numbers::pi));
  }
  if (next != nullptr) {
    std::erase_if(residue.atoms, [](const HeavyAtom& atom) { return atom.name == "OXT"; });
  }
}

void set_torsions(std::vector<HeavyResidue>& residues) {
  for (std::size_t i = 1; i < residues.size(); ++i) {
    if (!residues[i].joined) continue;
    HeavyResidue& a = residues[i - 1];
    HeavyResidue& b = residues[i];
    b.phi = dihedral(*a.find("C"), *b.find("N"), *b.find("CA"), *b.find("C"));
    a.psi = dihedral(*a.find("N"), *a.find("CA"), *a.find("C"), *b.find("N"));
  }
}

}  // namespace

const Vec3* HeavyResidue::find(std::string_view atom_name) const {
  for (const HeavyAtom& atom : atoms) {
    if (atom.name == atom_name) return &atom.position;
  }
  return nullptr;
}

void HeavyResidue::set(std::string_view atom_name, const Vec3& position) {
  for (HeavyAtom& atom : atoms) {
    if (atom.name == atom_name) {
      atom.position = position;
      return;
    }
  }
  atoms.push_back({std::string(atom_name), position});
}

std::vector<HeavyResidue> read_heavy_residues(const io::Structure& structure) {
  std::vector<HeavyResidue> residues;
  for (const io::Chain& chain : structure.chains) {
    for (std::size_t i = 0; i < chain.residues.size(); ++i) {
      HeavyResidue read = read_residue(chain, chain.residues[i]);
      check_backbone(read);
      read.joined =
          i > 0 && are_joined(residues.back(), chain.residues[i - 1], read, chain.residues[i]);
      residues.push_back(std::move(read));
    }
  }
  separate(residues);
  for (std::size_t i = 0; i < residues.size(); ++i) {
    const bool has_next = i + 1 < residues.size() && residues[i + 1].joined;
    complete_beta(residues[i]);
    check_branches(residues[i]);
    complete_oxygen(residues[i], has_next ? &residues[i + 1] : nullptr);
    const auto& atoms = side_chain_library().residues.at(residues[i].name).atoms;
    residues[i].side_chain_known =
        std::all_of(atoms.begin(), atoms.end(),
                    [&](const SideChainAtom& a) { return residues[i].find(a.name) != nullptr; });
  }
  set_torsions(residues);
  return residues;
}

std::vector<Vec3> place_side_chain(const HeavyResidue& residue, const ResidueLibrary& library,
                                   const std::vector<double>& chi) {
  std::vector<Vec3> placed;
  const auto point = [&](const std::string& name) -> const Vec3& {
    for (std::size_t i = 0; i < placed.size(); ++i) {
      if (library.atoms[i + 1].name == name) return placed[i];
    }
    return *residue.find(name);
  };
  for (std::size_t i = 1; i < library.atoms.size(); ++i) {
    const SideChainAtom& atom = library.atoms[i];
    const double turn = atom.chi > 0 ? chi[static_cast<std::size_t>(atom.chi - 1)] : 0.0;
    const Vec3 next = place(point(atom.a), point(atom.b), point(atom.c), atom.length, atom.angle,
                            atom.offset + turn);
    placed.push_back(next);
  }
  return placed;
}

}  // namespace foldstream::workflows::refine
