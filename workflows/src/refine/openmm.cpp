// The only file that sees OpenMM: force evaluation and minimisation on one thread.
#include "minimiser.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/refine/refine.hpp>

#include <OpenMM.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>

namespace foldstream::workflows::refine {
namespace {

constexpr double nm = 0.1;         // one Å
constexpr double per_nm2 = 100.0;  // one Å⁻²
constexpr int chunk = 50;          // iterations between two checks

OpenMM::Vec3 to_nm(const Vec3& a) { return {nm * a.x, nm * a.y, nm * a.z}; }

/// Loads the CPU platform once. Only that plug-in: the others write to the terminal when they fail.
OpenMM::Platform& platform() {
  static OpenMM::Platform* const chosen = [] {
    try {
      const std::string folder = OpenMM::Platform::getDefaultPluginsDirectory();
      OpenMM::Platform::loadPluginLibrary(folder + "/libOpenMMCPU.so");
      return &OpenMM::Platform::getPlatformByName("CPU");
    } catch (const std::exception&) {
      return &OpenMM::Platform::getPlatformByName("Reference");
    }
  }();
  return *chosen;
}

/// OpenMM's CPU platform keeps its contexts in a map of its own without a lock.
std::mutex& context_mutex() {
  static std::mutex mutex;
  return mutex;
}

class Simulation {
 public:
  Simulation(const Topology& topology, const MinimiseTask& task, const std::vector<Vec3>& start)
      : topology_(topology), task_(task) {
    for (const TopologyAtom& atom : topology.atoms) system_.addParticle(atom.mass);
    add_bonded();
    if (task.softness > 0) {
      add_soft_repulsion();
    } else {
      add_non_bonded();
    }
    add_restraints();
    add_pushes();
    add_angle_limits();
    add_torsion_limits();
    open(start);
  }

  ~Simulation() {
    const std::lock_guard lock(context_mutex());
    context_.reset();
  }
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  void run(const std::function<bool()>& check) {
    int left = task_.max_iterations;
    while (left > 0 && check()) {
      const int steps = std::min(left, chunk);
      OpenMM::LocalEnergyMinimizer::minimize(*context_, tolerance(), steps);
      left -= steps;
      if (is_converged()) return;
    }
  }

  std::vector<Vec3> positions() const {
    const OpenMM::State state = context_->getState(OpenMM::State::Positions);
    std::vector<Vec3> positions;
    for (const OpenMM::Vec3& at : state.getPositions()) {
      positions.push_back({at[0] / nm, at[1] / nm, at[2] / nm});
      if (!std::isfinite(at[0] + at[1] + at[2])) {
        throw Error(ErrorKind::Task, "minimisation left the finite numbers.");
      }
    }
    return positions;
  }

 private:
  double tolerance() const { return task_.force_tolerance / nm; }

  bool is_converged() const {
    const OpenMM::State state = context_->getState(OpenMM::State::Forces);
    double sum = 0;
    for (const OpenMM::Vec3& force : state.getForces()) sum += force.dot(force);
    const double rms = std::sqrt(sum / (3.0 * static_cast<double>(topology_.atoms.size())));
    if (!std::isfinite(rms)) {
      throw Error(ErrorKind::Task, "minimisation met a force that is not finite.");
    }
    return rms < tolerance();
  }

  void add_bonded() {
    auto bonds = std::make_unique<OpenMM::HarmonicBondForce>();
    for (const Bond& bond : topology_.bonds) {
      bonds->addBond(bond.i, bond.j, nm * bond.type.length, per_nm2 * bond.type.k);
    }
    system_.addForce(bonds.release());
    auto angles = std::make_unique<OpenMM::HarmonicAngleForce>();
    for (const Angle& angle : topology_.angles) {
      angles->addAngle(angle.i, angle.j, angle.k, angle.type.angle, angle.type.k);
    }
    system_.addForce(angles.release());
    auto torsions = std::make_unique<OpenMM::PeriodicTorsionForce>();
    add_torsions(topology_.propers, *torsions);
    add_torsions(topology_.impropers, *torsions);
    system_.addForce(torsions.release());
  }

  static void add_torsions(const std::vector<Dihedral>& dihedrals,
                           OpenMM::PeriodicTorsionForce& force) {
    for (const Dihedral& each : dihedrals) {
      for (const DihedralTerm& term : each.terms) {
        if (term.k == 0) continue;
        force.addTorsion(each.atoms[0], each.atoms[1], each.atoms[2], each.atoms[3],
                         term.multiplicity, term.phase, term.k);
      }
    }
  }

  void add_non_bonded() {
    auto force = std::make_unique<OpenMM::NonbondedForce>();
    force->setNonbondedMethod(OpenMM::NonbondedForce::CutoffNonPeriodic);
    force->setCutoffDistance(nm * cut_off);
    const double screen = 1.0 / std::sqrt(dielectric);
    for (const TopologyAtom& atom : topology_.atoms) {
      force->addParticle(screen * atom.charge, nm * atom.sigma, atom.epsilon);
    }
    for (const auto& [i, j] : topology_.exclusions) force->addException(i, j, 0, nm, 0);
    for (const auto& [i, j] : topology_.pairs) {
      const TopologyAtom& a = topology_.atoms[static_cast<std::size_t>(i)];
      const TopologyAtom& b = topology_.atoms[static_cast<std::size_t>(j)];
      force->addException(i, j, topology_.fudge_qq * a.charge * b.charge / dielectric,
                          nm * 0.5 * (a.sigma + b.sigma),
                          topology_.fudge_lj * std::sqrt(a.epsilon * b.epsilon));
    }
    system_.addForce(force.release());
  }

  void add_soft_repulsion() {
    auto force = std::make_unique<OpenMM::CustomNonbondedForce>(
        "0.5*softness*max(0, near-r)^2; near=0.44*(sigma1+sigma2)");
    force->addGlobalParameter("softness", per_nm2 * task_.softness);
    force->addPerParticleParameter("sigma");
    for (const TopologyAtom& atom : topology_.atoms) force->addParticle({nm * atom.sigma});
    for (const auto& [i, j] : topology_.exclusions) force->addExclusion(i, j);
    for (const auto& [i, j] : topology_.pairs) force->addExclusion(i, j);
    force->setNonbondedMethod(OpenMM::CustomNonbondedForce::CutoffNonPeriodic);
    force->setCutoffDistance(0.35);
    system_.addForce(force.release());
  }

  void add_restraints() {
    auto force =
        std::make_unique<OpenMM::CustomExternalForce>("0.5*k*((x-x0)^2+(y-y0)^2+(z-z0)^2)");
    for (const char* name : {"k", "x0", "y0", "z0"}) force->addPerParticleParameter(name);
    for (const Restraint& restraint : task_.restraints) {
      const OpenMM::Vec3 at = to_nm(restraint.target);
      force->addParticle(restraint.atom, {per_nm2 * restraint.k, at[0], at[1], at[2]});
    }
    system_.addForce(force.release());
  }

  void add_pushes() {
    if (task_.pushes.empty()) return;
    auto force = std::make_unique<OpenMM::CustomBondForce>("0.5*k*max(0, near-r)^2");
    force->addPerBondParameter("k");
    force->addPerBondParameter("near");
    for (const Push& push : task_.pushes) {
      force->addBond(push.i, push.j, {per_nm2 * push.k, nm * push.distance});
    }
    system_.addForce(force.release());
  }

  void add_angle_limits() {
    if (task_.angles.empty()) return;
    auto force =
        std::make_unique<OpenMM::CustomAngleForce>("0.5*k*max(0, abs(theta-centre)-half)^2");
    for (const char* name : {"k", "centre", "half"}) force->addPerAngleParameter(name);
    for (const AngleLimit& limit : task_.angles) {
      force->addAngle(limit.i, limit.j, limit.k, {limit.strength, limit.centre, limit.half_width});
    }
    system_.addForce(force.release());
  }

  void add_torsion_limits() {
    if (task_.torsions.empty()) return;
    auto force = std::make_unique<OpenMM::CustomTorsionForce>(
        "0.5*k*max(0, min(turn, 6.283185307179586-turn)-half)^2; turn=abs(theta-centre)");
    for (const char* name : {"k", "centre", "half"}) force->addPerTorsionParameter(name);
    for (const TorsionLimit& limit : task_.torsions) {
      force->addTorsion(limit.atoms[0], limit.atoms[1], limit.atoms[2], limit.atoms[3],
                        {limit.strength, limit.centre, limit.half_width});
    }
    system_.addForce(force.release());
  }

  void open(const std::vector<Vec3>& start) {
    std::map<std::string, std::string> properties;
    if (platform().getName() == "CPU")
      properties = {{"Threads", "1"}, {"DeterministicForces", "true"}};
    const std::lock_guard lock(context_mutex());
    context_ = std::make_unique<OpenMM::Context>(system_, integrator_, platform(), properties);
    std::vector<OpenMM::Vec3> positions;
    for (const Vec3& at : start) positions.push_back(to_nm(at));
    context_->setPositions(positions);
  }

  const Topology& topology_;
  const MinimiseTask& task_;
  OpenMM::System system_;
  OpenMM::VerletIntegrator integrator_{0.001};
  std::unique_ptr<OpenMM::Context> context_;
};

}  // namespace

std::vector<Vec3> minimise(const Topology& topology, std::vector<Vec3> positions,
                           const MinimiseTask& task, const std::function<bool()>& check) {
  try {
    Simulation simulation(topology, task, positions);
    simulation.run(check);
    return simulation.positions();
  } catch (const OpenMM::OpenMMException& error) {
    throw Error(ErrorKind::Task, std::string("OpenMM: ") + error.what());
  }
}

void check_minimiser() {}

std::string openmm_version() { return OpenMM::Platform::getOpenMMVersion(); }

std::vector<std::string> openmm_platforms() {
  platform();
  std::vector<std::string> names;
  for (int i = 0; i < OpenMM::Platform::getNumPlatforms(); ++i) {
    names.push_back(OpenMM::Platform::getPlatform(i).getName());
  }
  return names;
}

}  // namespace foldstream::workflows::refine
