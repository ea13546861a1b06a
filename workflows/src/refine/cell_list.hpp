// CellList: points in space, found again by nearness.
#pragma once

#include "vec3.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace foldstream::workflows::refine {

/// Finds the points within `range` of a place. The points must outlive the list. Immutable.
class CellList {
 public:
  CellList(std::span<const Vec3> points, double range) : points_(points), range_(range) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      sorted_.emplace_back(key(points[i], 0, 0, 0), static_cast<int>(i));
    }
    std::sort(sorted_.begin(), sorted_.end());
  }

  /// Calls `visit(index)` for each point within range, in a fixed order.
  template <class Visit>
  void near(const Vec3& place, Visit&& visit) const {
    for (int x = -1; x <= 1; ++x) {
      for (int y = -1; y <= 1; ++y) {
        for (int z = -1; z <= 1; ++z) visit_cell(key(place, x, y, z), place, visit);
      }
    }
  }

 private:
  static constexpr std::int64_t span_ = 1 << 20;

  std::int64_t key(const Vec3& place, int x, int y, int z) const {
    const auto part = [&](double value, int step) {
      return static_cast<std::int64_t>(std::floor(value / range_)) + step + span_ / 2;
    };
    return (part(place.x, x) * span_ + part(place.y, y)) * span_ + part(place.z, z);
  }

  template <class Visit>
  void visit_cell(std::int64_t cell, const Vec3& place, Visit& visit) const {
    auto at = std::lower_bound(sorted_.begin(), sorted_.end(), std::pair(cell, -1));
    for (; at != sorted_.end() && at->first == cell; ++at) {
      const Vec3& point = points_[static_cast<std::size_t>(at->second)];
      if (squared_distance(point, place) <= range_ * range_) visit(at->second);
    }
  }

  std::span<const Vec3> points_;
  double range_;
  std::vector<std::pair<std::int64_t, int>> sorted_;
};

}  // namespace foldstream::workflows::refine
