#include "cell_list.hpp"
#include "clashes.hpp"

#include <algorithm>

namespace foldstream::workflows::refine {
namespace {

/// The atoms at most three bonds from `atom`, itself included, sorted.
std::vector<int> bonded_neighbours(const HeavyAtoms& atoms, int atom) {
  std::vector<int> near{atom};
  std::size_t begin = 0;
  for (int step = 0; step < 3; ++step) {
    const std::size_t end = near.size();
    for (; begin < end; ++begin) {
      for (const int next : atoms.bonded[static_cast<std::size_t>(near[begin])]) {
        if (std::find(near.begin(), near.end(), next) == near.end()) near.push_back(next);
      }
    }
  }
  std::sort(near.begin(), near.end());
  return near;
}

}  // namespace

double bondi_radius(std::string_view element) {
  if (element == "C") return 1.70;
  if (element == "N") return 1.55;
  if (element == "O") return 1.52;
  if (element == "S") return 1.80;
  return 0;
}

std::vector<std::pair<int, int>> find_clashes(const HeavyAtoms& atoms, double overlap) {
  constexpr double range = 2 * 1.80;
  const CellList cells(atoms.positions, range);
  std::vector<std::pair<int, int>> clashes;
  for (std::size_t i = 0; i < atoms.positions.size(); ++i) {
    const int atom = static_cast<int>(i);
    const std::vector<int> bonded = bonded_neighbours(atoms, atom);
    cells.near(atoms.positions[i], [&](int other) {
      const auto j = static_cast<std::size_t>(other);
      const double limit = atoms.radii[i] + atoms.radii[j] - overlap;
      if (other <= atom || std::binary_search(bonded.begin(), bonded.end(), other)) return;
      if (distance(atoms.positions[i], atoms.positions[j]) < limit) {
        clashes.emplace_back(atom, other);
      }
    });
  }
  std::sort(clashes.begin(), clashes.end());
  return clashes;
}

}  // namespace foldstream::workflows::refine
