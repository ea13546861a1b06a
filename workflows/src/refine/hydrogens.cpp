#include "hydrogens.hpp"

#include <foldstream/error.hpp>

namespace foldstream::workflows::refine {
namespace {

constexpr double tetrahedral = 109.47 * radians;

/// The direction away from all neighbours of at[0].
Vec3 away(std::span<const Vec3> at) {
  Vec3 sum;
  for (std::size_t i = 1; i < at.size(); ++i) sum = sum + unit(at[i] - at[0]);
  if (norm(sum) < 1e-3) return perpendicular({0, 0, 1}, at[1] - at[0]);
  return unit(-1.0 * sum);
}

std::vector<Vec3> around(std::span<const Vec3> at, double length, double bend,
                         std::initializer_list<double> turns, int count) {
  std::vector<Vec3> places;
  for (const double turn : turns) {
    if (static_cast<int>(places.size()) == count) break;
    places.push_back(place(at[2], at[1], at[0], length, bend, turn * radians));
  }
  return places;
}

std::vector<Vec3> methylene(std::span<const Vec3> at, double length) {
  const Vec3 middle = away(at.first(3));
  const Vec3 side = unit(cross(at[1] - at[0], at[2] - at[0]));
  const double along = length * std::cos(tetrahedral / 2);
  const double across = length * std::sin(tetrahedral / 2);
  return {at[0] + along * middle + across * side, at[0] + along * middle - across * side};
}

}  // namespace

std::vector<std::string> hydrogen_names(const HydrogenRule& rule) {
  if (rule.count == 1) return {rule.name};
  std::vector<std::string> names;
  for (int i = 1; i <= rule.count; ++i) names.push_back(rule.name + std::to_string(i));
  return names;
}

std::vector<Vec3> place_hydrogens(const HydrogenRule& rule, std::span<const Vec3> at,
                                  double length) {
  switch (rule.method) {
    case 1:
      return {at[0] + length * away(at.first(3))};
    case 2:
      return around(at, length, tetrahedral, {180.0}, 1);
    case 3:
      return around(at, length, 120.0 * radians, {0.0, 180.0}, 2);
    case 4:
      return around(at, length, tetrahedral, {180.0, 60.0, -60.0}, rule.count);
    case 5:
      return {at[0] + length * away(at.first(4))};
    case 6:
      return methylene(at, length);
    default:
      throw Error(ErrorKind::Unsupported, "hydrogen rule " + std::to_string(rule.method) + " for " +
                                              rule.name + " is not known.");
  }
}

}  // namespace foldstream::workflows::refine
