#include "clashes.hpp"
#include "minimiser.hpp"
#include "relax.hpp"
#include "vec3.hpp"

#include <foldstream/workflows/refine/geometry.hpp>

#include <cstdint>
#include <numbers>

namespace foldstream::workflows::refine {
namespace {

constexpr double angle_strength = 5000.0;   ///< kJ/mol/rad² beyond the limit
constexpr double push_strength = 400.0;     ///< kJ/mol/Å²
constexpr double torsion_strength = 800.0;  ///< kJ/mol/rad² beyond the limit
constexpr double alpha_hand = -122.5;       ///< degrees, from counted Cβ places
constexpr double longest_cis = 3.3;         ///< Å between Cα: cis 2.9, trans 3.8
constexpr int correction_rounds = 6;

/// How much of the restraint an atom of the input feels; what was invented feels none.
double share(const std::string& name) {
  if (name == "CA") return 1.0;
  if (name == "N" || name == "C") return 0.3;
  return 0.1;
}

std::vector<Restraint> restraints_of(const AllAtomModel& model, const io::Structure& input,
                                     double strength) {
  std::vector<const io::Residue*> residues;
  for (const io::Chain& chain : input.chains) {
    for (const io::Residue& residue : chain.residues) residues.push_back(&residue);
  }
  std::vector<Restraint> restraints;
  for (std::size_t i = 0; i < model.topology.atoms.size(); ++i) {
    const TopologyAtom& atom = model.topology.atoms[i];
    if (atom.atomic_number == 1) continue;
    const io::Residue& residue = *residues[static_cast<std::size_t>(atom.residue)];
    const io::Atom* known = residue.find(model.atom_names[i]);
    // an atom that was not kept, such as a Cβ on the wrong hand, is not pulled back
    if (known == nullptr || distance(known->position, model.positions[i]) > 0.5) continue;
    restraints.push_back(
        {static_cast<int>(i), strength * share(model.atom_names[i]), known->position});
  }
  return restraints;
}

/// Limits of all N–Cα–C angles at two standard deviations.
std::vector<AngleLimit> alpha_limits(const Topology& topology) {
  std::vector<AngleLimit> limits;
  for (int residue = 0; residue < static_cast<int>(topology.residues.size()); ++residue) {
    limits.push_back({topology.find(residue, "N"), topology.find(residue, "CA"),
                      topology.find(residue, "C"), ideal_alpha_angle * radians,
                      2.0 * alpha_angle_sigma * radians, angle_strength});
  }
  return limits;
}

/// Cα stay on their hand: the dihedral N–Cα–C–Cβ of an L residue is near −122°.
void add_hand_limits(const Topology& topology, std::vector<TorsionLimit>& limits) {
  for (int residue = 0; residue < static_cast<int>(topology.residues.size()); ++residue) {
    const int beta = topology.find(residue, "CB");
    if (beta < 0) continue;
    limits.push_back({{topology.find(residue, "N"), topology.find(residue, "CA"),
                       topology.find(residue, "C"), beta},
                      alpha_hand * radians,
                      15.0 * radians,
                      torsion_strength});
  }
}

/// Peptides become or stay trans, unless both ω and the distance of the Cα say that they are cis.
void add_trans_limits(const AllAtomModel& model, std::vector<TorsionLimit>& limits) {
  const Topology& topology = model.topology;
  const auto at = [&](int atom) { return model.positions[static_cast<std::size_t>(atom)]; };
  for (int residue = 1; residue < static_cast<int>(topology.residues.size()); ++residue) {
    if (!topology.residues[static_cast<std::size_t>(residue)].joined) continue;
    const std::array<int, 4> atoms{topology.find(residue - 1, "CA"),
                                   topology.find(residue - 1, "C"), topology.find(residue, "N"),
                                   topology.find(residue, "CA")};
    const double omega = dihedral(at(atoms[0]), at(atoms[1]), at(atoms[2]), at(atoms[3]));
    const bool is_cis =
        std::abs(omega) < 60.0 * radians && distance(at(atoms[0]), at(atoms[3])) < longest_cis;
    if (is_cis) continue;
    limits.push_back({atoms, std::numbers::pi, 20.0 * radians, torsion_strength});
  }
}

/// Pushes for the clashes among the heavy atoms of `model`, a little further than the limit.
std::vector<Push> pushes_of(const AllAtomModel& model) {
  HeavyAtoms heavy;
  std::vector<int> index;
  std::vector<int> number(model.topology.atoms.size(), -1);
  for (std::size_t i = 0; i < model.topology.atoms.size(); ++i) {
    if (model.topology.atoms[i].atomic_number == 1) continue;
    number[i] = static_cast<int>(index.size());
    index.push_back(static_cast<int>(i));
    heavy.positions.push_back(model.positions[i]);
    heavy.radii.push_back(bondi_radius(model.atom_names[i].substr(0, 1)));
  }
  heavy.bonded.resize(index.size());
  for (const Bond& bond : model.topology.bonds) {
    const int a = number[static_cast<std::size_t>(bond.i)];
    const int b = number[static_cast<std::size_t>(bond.j)];
    if (a < 0 || b < 0) continue;
    heavy.bonded[static_cast<std::size_t>(a)].push_back(b);
    heavy.bonded[static_cast<std::size_t>(b)].push_back(a);
  }
  std::vector<Push> pushes;
  for (const auto& [a, b] : find_clashes(heavy)) {
    const auto i = static_cast<std::size_t>(a);
    const auto j = static_cast<std::size_t>(b);
    const double near = heavy.radii[i] + heavy.radii[j] - clash_overlap + 0.05;
    pushes.push_back({index[i], index[j], near, push_strength});
  }
  return pushes;
}

/// Moves every atom by up to 0.01 Å, by its number, so that none lies exactly on another.
void jitter(std::vector<Vec3>& positions) {
  std::uint64_t state = 0x9E3779B97F4A7C15U;
  const auto next = [&state] {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return 0.01 * (static_cast<double>(state >> 11) / 4503599627370496.0 - 1.0);
  };
  for (Vec3& at : positions) {
    at.x += next();
    at.y += next();
    at.z += next();
  }
}

}  // namespace

void relax(AllAtomModel& model, const io::Structure& input, const RefineOptions& options,
           const std::function<bool()>& check) {
  MinimiseTask task;
  task.restraints = restraints_of(model, input, options.restraint_strength);
  task.angles = alpha_limits(model.topology);
  add_hand_limits(model.topology, task.torsions);
  add_trans_limits(model, task.torsions);
  task.force_tolerance = options.force_tolerance;
  jitter(model.positions);
  for (const double softness : {10.0, 60.0, 400.0}) {
    task.softness = softness;
    task.max_iterations = 150;
    model.positions = minimise(model.topology, std::move(model.positions), task, check);
  }
  task.softness = 0;
  task.max_iterations = options.max_iterations;
  model.positions = minimise(model.topology, std::move(model.positions), task, check);
  for (int round = 0; round < correction_rounds; ++round) {
    const std::vector<Push> pushes = pushes_of(model);
    if (pushes.empty()) break;
    task.pushes.insert(task.pushes.end(), pushes.begin(), pushes.end());
    task.max_iterations = 100;
    model.positions = minimise(model.topology, std::move(model.positions), task, check);
  }
}

}  // namespace foldstream::workflows::refine
