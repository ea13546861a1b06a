#include "heavy_atoms.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace foldstream::workflows::refine {
namespace {

constexpr double bond_length = 2.04;
constexpr double longest_known = 3.0;  ///< no two sulphurs that are not bonded come so near
constexpr double longest_placed = 2.5;

struct Bridge {
  double badness = 0;
  int i = 0, j = 0;
  Vec3 first, second;

  auto key() const { return std::tuple(badness, i, j); }
};

/// The SG positions that the chi 1 of `residue` can reach, every 15°; the known one if there is
/// one.
std::vector<Vec3> reachable(const HeavyResidue& residue) {
  if (const Vec3* known = residue.find("SG")) return {*known};
  const ResidueLibrary& library = side_chain_library().residues.at("CYS");
  std::vector<Vec3> points;
  for (int step = 0; step < 24; ++step) {
    points.push_back(place_side_chain(residue, library, {step * 15.0 * radians}).front());
  }
  return points;
}

/// How far a bridge is from ideal: length in 0.1 Å, both C–S–S angles in 10°.
double badness(const Vec3& beta_i, const Vec3& i, const Vec3& j, const Vec3& beta_j) {
  const double stretch = (distance(i, j) - bond_length) / 0.1;
  const double bend_i = (angle_at(beta_i, i, j) / radians - 104.0) / 10.0;
  const double bend_j = (angle_at(i, j, beta_j) / radians - 104.0) / 10.0;
  return stretch * stretch + bend_i * bend_i + bend_j * bend_j;
}

/// The best bridge between two cysteines; false if there is none.
bool find_bridge(const HeavyResidue& a, const HeavyResidue& b, Bridge& bridge) {
  const Vec3& beta_a = *a.find("CB");
  const Vec3& beta_b = *b.find("CB");
  const double apart = distance(beta_a, beta_b);
  if (apart < 2.8 || apart > 5.5) return false;
  const bool known = a.find("SG") != nullptr && b.find("SG") != nullptr;
  if (!known && apart > 4.6) return false;
  bool found = false;
  for (const Vec3& i : reachable(a)) {
    for (const Vec3& j : reachable(b)) {
      const double length = distance(i, j);
      if (length > (known ? longest_known : longest_placed) || length < 1.0) continue;
      const double now = badness(beta_a, i, j, beta_b);
      if (!known && now > 30.0) continue;
      if (found && now >= bridge.badness) continue;
      bridge.badness = now;
      bridge.first = i;
      bridge.second = j;
      found = true;
    }
  }
  return found;
}

}  // namespace

std::vector<std::pair<int, int>> join_disulphides(std::vector<HeavyResidue>& residues) {
  std::vector<Bridge> bridges;
  for (std::size_t i = 0; i < residues.size(); ++i) {
    for (std::size_t j = i + 1; j < residues.size(); ++j) {
      if (residues[i].name != "CYS" || residues[j].name != "CYS") continue;
      Bridge bridge{0, static_cast<int>(i), static_cast<int>(j), {}, {}};
      if (find_bridge(residues[i], residues[j], bridge)) bridges.push_back(bridge);
    }
  }
  std::sort(bridges.begin(), bridges.end(),
            [](const Bridge& a, const Bridge& b) { return a.key() < b.key(); });
  std::vector<bool> taken(residues.size());
  std::vector<std::pair<int, int>> pairs;
  for (const Bridge& bridge : bridges) {
    const auto i = static_cast<std::size_t>(bridge.i);
    const auto j = static_cast<std::size_t>(bridge.j);
    if (taken[i] || taken[j]) continue;
    taken[i] = taken[j] = true;
    residues[i].set("SG", bridge.first);
    residues[j].set("SG", bridge.second);
    residues[i].side_chain_known = residues[j].side_chain_known = true;
    pairs.emplace_back(bridge.i, bridge.j);
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

}  // namespace foldstream::workflows::refine
