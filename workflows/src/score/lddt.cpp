#include <foldstream/error.hpp>
#include <foldstream/workflows/score/lddt.hpp>

#include <array>
#include <cmath>
#include <string>

namespace foldstream::workflows::score {
namespace {

constexpr double inclusion_radius = 15.0;
constexpr std::array<double, 4> tolerances{0.5, 1, 2, 4};

double distance(const io::Vec3& a, const io::Vec3& b) {
  return std::sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y) +
                   (a.z - b.z) * (a.z - b.z));
}

/// How many of the four tolerances the change of a distance stays within.
int kept(double change) {
  int count = 0;
  for (const double tolerance : tolerances) count += change <= tolerance ? 1 : 0;
  return count;
}

}  // namespace

Lddt lddt_ca(std::span<const std::optional<io::Vec3>> model, std::span<const io::Vec3> native) {
  if (model.size() != native.size())
    throw Error(ErrorKind::InvalidArgument,
                "lDDT needs one model entry a native residue; there are " +
                    std::to_string(model.size()) + " for " + std::to_string(native.size()) + ".");
  const std::size_t n = native.size();
  std::vector<double> hits(n, 0), possible(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const double wanted = distance(native[i], native[j]);
      if (wanted >= inclusion_radius) continue;
      possible[i] += tolerances.size();
      possible[j] += tolerances.size();
      if (!model[i] || !model[j]) continue;
      const int count = kept(std::abs(distance(*model[i], *model[j]) - wanted));
      hits[i] += count;
      hits[j] += count;
    }
  }
  Lddt result;
  double all_hits = 0, all = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double alone = model[i] ? 1 : 0;
    result.per_residue.push_back(possible[i] > 0 ? hits[i] / possible[i] : alone);
    all_hits += hits[i];
    all += possible[i];
  }
  result.global = all > 0 ? all_hits / all : 0;
  return result;
}

}  // namespace foldstream::workflows::score
