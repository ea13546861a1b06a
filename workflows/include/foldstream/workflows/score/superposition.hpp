// Superposition: the rotation and translation that lay one set of points on another.
#pragma once

#include <foldstream/io/structure.hpp>

#include <array>
#include <span>

namespace foldstream::workflows::score {

/// A rigid motion: x ↦ rotation · x + translation. Lengths in Å.
struct Superposition {
  /// Row-major; proper (determinant +1).
  std::array<std::array<double, 3>, 3> rotation{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  io::Vec3 translation;

  friend bool operator==(const Superposition&, const Superposition&) = default;
};

/// The motion that brings `moving` closest to `fixed` in the least-squares sense, by the quaternion
/// of largest eigenvalue (Kearsley 1989). Never mirrors. Pure.
/// @throws Error{InvalidArgument} if the sizes differ or there are no points.
Superposition superpose(std::span<const io::Vec3> moving, std::span<const io::Vec3> fixed);

/// The point after the motion.
io::Vec3 apply(const Superposition& motion, const io::Vec3& point);
/// Every atom of `structure` after the motion.
io::Structure apply(const Superposition& motion, io::Structure structure);

/// Root mean square distance of `fixed` from `moving` after the motion, Å.
/// @throws Error{InvalidArgument} if the sizes differ or there are no points.
double rmsd(const Superposition& motion, std::span<const io::Vec3> moving,
            std::span<const io::Vec3> fixed);

}  // namespace foldstream::workflows::score
