// The seam to the minimiser: what to minimise, without a word of OpenMM.
#pragma once

#include "vec3.hpp"

#include <foldstream/workflows/refine/topology.hpp>

#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace foldstream::workflows::refine {

/// ½ k |x − target|², kJ/mol/Å².
struct Restraint {
  int atom = 0;
  double k = 0;
  Vec3 target;
};

/// ½ k max(0, distance − r)²: two atoms that shall not come nearer. Å, kJ/mol/Å².
struct Push {
  int i = 0, j = 0;
  double distance = 0;
  double k = 0;
};

/// ½ k max(0, |θ − centre| − half_width)². Radians, kJ/mol/rad².
struct AngleLimit {
  int i = 0, j = 0, k = 0;
  double centre = 0;
  double half_width = 0;
  double strength = 0;
};

/// ½ strength max(0, |φ − centre| − half_width)², the difference taken round the circle. Radians.
struct TorsionLimit {
  std::array<int, 4> atoms{};
  double centre = 0;
  double half_width = 0;
  double strength = 0;
};

/// Å. Beyond it a reaction field stands for water.
inline constexpr double cut_off = 10.0;
/// Of the protein's inside: without a solvent, bare charges would pull salt bridges into clashes.
inline constexpr double dielectric = 4.0;

struct MinimiseTask {
  /// The soft repulsion in kJ/mol/Å² that takes the place of all non-bonded terms; 0 = the force
  /// field with `cut_off` and `dielectric`.
  double softness = 0;
  std::vector<Restraint> restraints;
  std::vector<Push> pushes;
  std::vector<AngleLimit> angles;
  std::vector<TorsionLimit> torsions;
  double force_tolerance = 1.0;  ///< root-mean-square force component, kJ/mol/Å
  int max_iterations = 500;
};

/// Moves `positions` (Å) downhill. The same answer on every call with the same arguments.
/// `check` is called every few dozen iterations and may throw, or return false to stop early.
/// Thread-safe; uses one thread. @throws Error{Unsupported} in a build without OpenMM (the message
/// names the flag), Error{Task} if a position or the energy stops being finite.
std::vector<Vec3> minimise(const Topology& topology, std::vector<Vec3> positions,
                           const MinimiseTask& task, const std::function<bool()>& check);

/// @throws Error{Unsupported} in a build without OpenMM.
void check_minimiser();

}  // namespace foldstream::workflows::refine
