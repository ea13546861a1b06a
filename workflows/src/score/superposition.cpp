#include "score/moments.hpp"
#include "score/symmetric_eigen.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/score/superposition.hpp>

#include <cmath>
#include <string>

namespace foldstream::workflows::score {
namespace {

/// Kearsley's key matrix for the correlation c = Σ moving · fixedᵀ; its eigenvector of largest
/// eigenvalue is the quaternion (w, x, y, z) of the best rotation.
Matrix<4> key_matrix(const Matrix<3>& c) {
  const double xx = c[0][0], xy = c[0][1], xz = c[0][2];
  const double yx = c[1][0], yy = c[1][1], yz = c[1][2];
  const double zx = c[2][0], zy = c[2][1], zz = c[2][2];
  return {{{xx + yy + zz, yz - zy, zx - xz, xy - yx},
           {yz - zy, xx - yy - zz, xy + yx, zx + xz},
           {zx - xz, xy + yx, yy - xx - zz, yz + zy},
           {xy - yx, zx + xz, yz + zy, zz - xx - yy}}};
}

Matrix<3> rotation_of(const std::array<double, 4>& quaternion) {
  const auto [w, x, y, z] = quaternion;
  const double n = w * w + x * x + y * y + z * z;
  return {
      {{(w * w + x * x - y * y - z * z) / n, 2 * (x * y - w * z) / n, 2 * (x * z + w * y) / n},
       {2 * (x * y + w * z) / n, (w * w - x * x + y * y - z * z) / n, 2 * (y * z - w * x) / n},
       {2 * (x * z - w * y) / n, 2 * (y * z + w * x) / n, (w * w - x * x - y * y + z * z) / n}}};
}

void check_paired(std::size_t moving, std::size_t fixed) {
  if (moving == fixed && moving > 0) return;
  throw Error(ErrorKind::InvalidArgument,
              "cannot superpose " + std::to_string(moving) + " points on " + std::to_string(fixed) +
                  ". Give as many of one as of the other, and at least one.");
}

}  // namespace

Superposition best_motion(const Moments& m) {
  Matrix<3> correlation{};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      correlation[i][j] = m.product[i][j] - m.moving[i] * m.fixed[j] / m.count;
  Superposition motion;
  motion.rotation = rotation_of(symmetric_eigen(key_matrix(correlation)).vectors[0]);
  const io::Vec3 centre{m.moving[0] / m.count, m.moving[1] / m.count, m.moving[2] / m.count};
  const io::Vec3 turned = apply(motion, centre);
  motion.translation = {m.fixed[0] / m.count - turned.x, m.fixed[1] / m.count - turned.y,
                        m.fixed[2] / m.count - turned.z};
  return motion;
}

Superposition superpose(std::span<const io::Vec3> moving, std::span<const io::Vec3> fixed) {
  check_paired(moving.size(), fixed.size());
  // relative to a point of each set, so that far-off coordinates cost no digits
  const io::Vec3 a = moving[0], b = fixed[0];
  Moments moments;
  for (std::size_t k = 0; k < moving.size(); ++k)
    moments.add(moving[k].x - a.x, moving[k].y - a.y, moving[k].z - a.z, fixed[k].x - b.x,
                fixed[k].y - b.y, fixed[k].z - b.z);
  Superposition motion = best_motion(moments);
  const io::Vec3 t = motion.translation;
  motion.translation = {};
  const io::Vec3 turned = apply(motion, a);
  motion.translation = {t.x + b.x - turned.x, t.y + b.y - turned.y, t.z + b.z - turned.z};
  return motion;
}

io::Vec3 apply(const Superposition& motion, const io::Vec3& p) {
  const auto& r = motion.rotation;
  return {r[0][0] * p.x + r[0][1] * p.y + r[0][2] * p.z + motion.translation.x,
          r[1][0] * p.x + r[1][1] * p.y + r[1][2] * p.z + motion.translation.y,
          r[2][0] * p.x + r[2][1] * p.y + r[2][2] * p.z + motion.translation.z};
}

io::Structure apply(const Superposition& motion, io::Structure structure) {
  for (auto& chain : structure.chains)
    for (auto& residue : chain.residues)
      for (auto& atom : residue.atoms) atom.position = apply(motion, atom.position);
  return structure;
}

double rmsd(const Superposition& motion, std::span<const io::Vec3> moving,
            std::span<const io::Vec3> fixed) {
  check_paired(moving.size(), fixed.size());
  double sum = 0;
  for (std::size_t k = 0; k < moving.size(); ++k) {
    const io::Vec3 p = apply(motion, moving[k]);
    const double dx = p.x - fixed[k].x, dy = p.y - fixed[k].y, dz = p.z - fixed[k].z;
    sum += dx * dx + dy * dy + dz * dz;
  }
  return std::sqrt(sum / static_cast<double>(moving.size()));
}

}  // namespace foldstream::workflows::score
