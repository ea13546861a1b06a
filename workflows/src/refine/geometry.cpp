#include "clashes.hpp"
#include "side_chain_library.hpp"
#include "superpose.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/refine/geometry.hpp>

#include <algorithm>
#include <limits>
#include <map>

namespace foldstream::workflows::refine {
namespace {

bool is_finite(const Vec3& a) {
  return std::isfinite(a.x) && std::isfinite(a.y) && std::isfinite(a.z);
}

/// A residue as the checks see it: its heavy atoms by name, numbered over the whole structure.
struct View {
  const io::Residue* residue = nullptr;
  bool joined = false;
  std::map<std::string, int, std::less<>> atoms;

  const Vec3* find(std::string_view name) const {
    const io::Atom* atom = residue->find(name);
    return atom != nullptr && is_finite(atom->position) ? &atom->position : nullptr;
  }
};

class Judge {
 public:
  explicit Judge(const io::Structure& structure) {
    for (const io::Chain& chain : structure.chains) {
      for (std::size_t i = 0; i < chain.residues.size(); ++i) add(chain.residues[i], i == 0);
    }
    atoms_.bonded.resize(atoms_.positions.size());
    for (std::size_t i = 0; i < views_.size(); ++i) add_bonds(i);
    join_sulphurs();
  }

  io::GeometryReport report() {
    report_.atoms = static_cast<int>(atoms_.positions.size());
    report_.clashes = static_cast<int>(find_clashes(atoms_).size());
    report_.clash_score = report_.atoms > 0 ? 1000.0 * report_.clashes / report_.atoms : 0.0;
    for (std::size_t i = 0; i < views_.size(); ++i) judge_residue(i);
    report_.potential = std::numeric_limits<double>::quiet_NaN();
    return report_;
  }

 private:
  void add(const io::Residue& residue, bool first) {
    View view{&residue, false, {}};
    for (const io::Atom& atom : residue.atoms) {
      const double radius = bondi_radius(atom.element);
      if (radius == 0 || !is_finite(atom.position)) continue;
      view.atoms[atom.name] = static_cast<int>(atoms_.positions.size());
      atoms_.positions.push_back(atom.position);
      atoms_.radii.push_back(radius);
    }
    const Vec3* nitrogen = view.find("N");
    const Vec3* carbon = first ? nullptr : views_.back().find("C");
    view.joined = nitrogen != nullptr && carbon != nullptr && distance(*nitrogen, *carbon) < 2.2;
    views_.push_back(std::move(view));
  }

  void bond(int a, int b) {
    if (a < 0 || b < 0) return;
    atoms_.bonded[static_cast<std::size_t>(a)].push_back(b);
    atoms_.bonded[static_cast<std::size_t>(b)].push_back(a);
  }

  int index(std::size_t residue, std::string_view name) const {
    const auto found = views_[residue].atoms.find(name);
    return found == views_[residue].atoms.end() ? -1 : found->second;
  }

  /// The bonds of the residue type; atoms that it does not know are bonded to nothing.
  void add_bonds(std::size_t at) {
    const auto own = [&](std::string_view a, std::string_view b) {
      bond(index(at, a), index(at, b));
    };
    own("N", "CA");
    own("CA", "C");
    own("C", "O");
    own("C", "OXT");
    const std::string& name = views_[at].residue->name;
    const auto library = side_chain_library().residues.find(name);
    if (library != side_chain_library().residues.end()) {
      for (const SideChainAtom& atom : library->second.atoms) own(atom.c, atom.name);
    }
    if (name == "PRO") own("CD", "N");
    if (name == "HIS") own("CE1", "NE2");
    if (name == "PHE" || name == "TYR") own("CE2", "CZ");
    if (name == "TRP") {
      own("NE1", "CE2");
      own("CZ3", "CH2");
    }
    if (views_[at].joined) bond(index(at - 1, "C"), index(at, "N"));
  }

  void join_sulphurs() {
    std::vector<int> sulphurs;
    for (std::size_t i = 0; i < views_.size(); ++i) {
      if (const int atom = index(i, "SG"); atom >= 0) sulphurs.push_back(atom);
    }
    for (const int a : sulphurs) {
      for (const int b : sulphurs) {
        if (a < b && distance(atoms_.positions[static_cast<std::size_t>(a)],
                              atoms_.positions[static_cast<std::size_t>(b)]) < 3.0) {
          bond(a, b);
        }
      }
    }
  }

  void judge_residue(std::size_t i) {
    const Vec3* n = views_[i].find("N");
    const Vec3* alpha = views_[i].find("CA");
    const Vec3* c = views_[i].find("C");
    if (n == nullptr || alpha == nullptr || c == nullptr) return;
    const double degrees = angle_at(*n, *alpha, *c) / radians;
    report_.worst_angle_sigma = std::max(report_.worst_angle_sigma,
                                         std::abs(degrees - ideal_alpha_angle) / alpha_angle_sigma);
    if (const Vec3* beta = views_[i].find("CB")) {
      const double volume = dot(*beta - *alpha, cross(*n - *alpha, *c - *alpha));
      if (volume < 0) ++report_.chirality_errors;
    }
    if (i > 0 && views_[i].joined) judge_peptide(i);
    if (i > 0 && views_[i].joined && i + 1 < views_.size() && views_[i + 1].joined) {
      judge_torsions(i);
    }
  }

  void judge_peptide(std::size_t i) {
    const Vec3* before = views_[i - 1].find("CA");
    if (before == nullptr || views_[i].residue->name == "PRO") return;
    const double omega =
        dihedral(*before, *views_[i - 1].find("C"), *views_[i].find("N"), *views_[i].find("CA"));
    if (std::abs(omega) < 30 * radians) ++report_.cis_peptides;
  }

  void judge_torsions(std::size_t i) {
    const Vec3& n = *views_[i].find("N");
    const Vec3& alpha = *views_[i].find("CA");
    const Vec3& c = *views_[i].find("C");
    const double phi = dihedral(*views_[i - 1].find("C"), n, alpha, c);
    const double psi = dihedral(n, alpha, c, *views_[i + 1].find("N"));
    const std::string& name = views_[i].residue->name;
    const char* kind = name == "GLY" ? "glycine" : name == "PRO" ? "proline" : "general";
    if (side_chain_library().is_outlier(kind, phi, psi)) ++report_.ramachandran_outliers;
  }

  std::vector<View> views_;
  HeavyAtoms atoms_;
  io::GeometryReport report_;
};

std::vector<const io::Residue*> residues_of(const io::Structure& structure) {
  std::vector<const io::Residue*> residues;
  for (const io::Chain& chain : structure.chains) {
    for (const io::Residue& residue : chain.residues) residues.push_back(&residue);
  }
  return residues;
}

}  // namespace

io::GeometryReport report_geometry(const io::Structure& structure) {
  return Judge(structure).report();
}

double alpha_rmsd(const io::Structure& a, const io::Structure& b) {
  const auto left = residues_of(a);
  const auto right = residues_of(b);
  if (left.size() != right.size()) {
    throw Error(ErrorKind::InvalidArgument, "cannot compare the Cα of " +
                                                std::to_string(left.size()) + " and " +
                                                std::to_string(right.size()) + " residues.");
  }
  std::vector<Vec3> first;
  std::vector<Vec3> second;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const io::Atom* p = left[i]->find("CA");
    const io::Atom* q = right[i]->find("CA");
    if (p == nullptr || q == nullptr) continue;
    first.push_back(p->position);
    second.push_back(q->position);
  }
  return superposed_rmsd(first, second);
}

}  // namespace foldstream::workflows::refine
