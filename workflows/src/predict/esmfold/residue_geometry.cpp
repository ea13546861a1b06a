#include "residue_geometry.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace foldstream::workflows::predict::esmfold {
namespace {

using Vector = std::array<double, 3>;

// A R N D C Q E G H I L K M F P S T W Y V
const std::array<std::vector<GroupAtom>, 20>& table() {
  static const std::array<std::vector<GroupAtom>, 20> atoms = {{
      // A
      {{"N", 0, {-0.525, 1.363, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.526, 0.000, 0.000}}, {"O", 3, {0.627, 1.062, 0.000}},
       {"CB", 0, {-0.529, -0.774, -1.205}}},
      // R
      {{"N", 0, {-0.524, 1.362, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.525, 0.000, 0.000}}, {"O", 3, {0.626, 1.062, 0.000}},
       {"CB", 0, {-0.524, -0.778, -1.209}}, {"CG", 4, {0.616, 1.390, 0.000}},
       {"CD", 5, {0.564, 1.414, 0.000}}, {"NE", 6, {0.539, 1.357, 0.000}},
       {"CZ", 7, {0.758, 1.093, 0.000}}, {"NH1", 7, {0.206, 2.301, 0.000}},
       {"NH2", 7, {2.078, 0.978, 0.000}}},
      // N
      {{"N", 0, {-0.536, 1.357, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.526, 0.000, 0.000}}, {"O", 3, {0.625, 1.062, 0.000}},
       {"CB", 0, {-0.531, -0.787, -1.200}}, {"CG", 4, {0.584, 1.399, 0.000}},
       {"OD1", 5, {0.633, 1.059, 0.000}}, {"ND2", 5, {0.593, -1.188, 0.001}}},
      // D
      {{"N", 0, {-0.525, 1.362, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.527, 0.000, 0.000}}, {"O", 3, {0.626, 1.062, 0.000}},
       {"CB", 0, {-0.526, -0.778, -1.208}}, {"CG", 4, {0.593, 1.398, 0.000}},
       {"OD1", 5, {0.610, 1.091, 0.000}}, {"OD2", 5, {0.592, -1.101, -0.003}}},
      // C
      {{"N", 0, {-0.522, 1.362, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.524, 0.000, 0.000}}, {"O", 3, {0.625, 1.062, 0.000}},
       {"CB", 0, {-0.519, -0.773, -1.212}}, {"SG", 4, {0.728, 1.653, 0.000}}},
      // Q
      {{"N", 0, {-0.526, 1.361, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.526, 0.000, 0.000}}, {"O", 3, {0.626, 1.062, 0.000}},
       {"CB", 0, {-0.525, -0.779, -1.207}}, {"CG", 4, {0.615, 1.393, 0.000}},
       {"CD", 5, {0.587, 1.399, 0.000}}, {"OE1", 6, {0.634, 1.060, 0.000}},
       {"NE2", 6, {0.593, -1.189, -0.001}}},
      // E
      {{"N", 0, {-0.528, 1.361, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.526, 0.000, 0.000}}, {"O", 3, {0.626, 1.062, 0.000}},
       {"CB", 0, {-0.526, -0.781, -1.207}}, {"CG", 4, {0.615, 1.392, 0.000}},
       {"CD", 5, {0.600, 1.397, 0.000}}, {"OE1", 6, {0.607, 1.095, 0.000}},
       {"OE2", 6, {0.589, -1.104, -0.001}}},
      // G
      {{"N", 0, {-0.572, 1.337, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.517, 0.000, 0.000}}, {"O", 3, {0.626, 1.062, 0.000}}},
      // H
      {{"N", 0, {-0.527, 1.360, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.525, 0.000, 0.000}}, {"O", 3, {0.625, 1.063, 0.000}},
       {"CB", 0, {-0.525, -0.778, -1.208}}, {"CG", 4, {0.600, 1.370, 0.000}},
       {"ND1", 5, {0.744, 1.160, 0.000}}, {"CD2", 5, {0.889, -1.021, 0.003}},
       {"CE1", 5, {2.030, 0.851, 0.002}}, {"NE2", 5, {2.145, -0.466, 0.004}}},
      // I
      {{"N", 0, {-0.493, 1.373, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.527, 0.000, 0.000}}, {"O", 3, {0.627, 1.062, 0.000}},
       {"CB", 0, {-0.536, -0.793, -1.213}}, {"CG1", 4, {0.534, 1.437, 0.000}},
       {"CG2", 4, {0.540, -0.785, -1.199}}, {"CD1", 5, {0.619, 1.391, 0.000}}},
      // L
      {{"N", 0, {-0.520, 1.363, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.525, 0.000, 0.000}}, {"O", 3, {0.625, 1.063, 0.000}},
       {"CB", 0, {-0.522, -0.773, -1.214}}, {"CG", 4, {0.678, 1.371, 0.000}},
       {"CD1", 5, {0.530, 1.430, 0.000}}, {"CD2", 5, {0.535, -0.774, 1.200}}},
      // K
      {{"N", 0, {-0.526, 1.362, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.526, 0.000, 0.000}}, {"O", 3, {0.626, 1.062, 0.000}},
       {"CB", 0, {-0.524, -0.778, -1.208}}, {"CG", 4, {0.619, 1.390, 0.000}},
       {"CD", 5, {0.559, 1.417, 0.000}}, {"CE", 6, {0.560, 1.416, 0.000}},
       {"NZ", 7, {0.554, 1.387, 0.000}}},
      // M
      {{"N", 0, {-0.521, 1.364, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.525, 0.000, 0.000}}, {"O", 3, {0.625, 1.062, 0.000}},
       {"CB", 0, {-0.523, -0.776, -1.210}}, {"CG", 4, {0.613, 1.391, 0.000}},
       {"SD", 5, {0.703, 1.695, 0.000}}, {"CE", 6, {0.320, 1.786, 0.000}}},
      // F
      {{"N", 0, {-0.518, 1.363, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.524, 0.000, 0.000}}, {"O", 3, {0.626, 1.062, 0.000}},
       {"CB", 0, {-0.525, -0.776, -1.212}}, {"CG", 4, {0.607, 1.377, 0.000}},
       {"CD1", 5, {0.709, 1.195, 0.000}}, {"CD2", 5, {0.706, -1.196, 0.000}},
       {"CE1", 5, {2.102, 1.198, 0.000}}, {"CE2", 5, {2.098, -1.201, 0.000}},
       {"CZ", 5, {2.794, -0.003, -0.001}}},
      // P
      {{"N", 0, {-0.566, 1.351, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.527, 0.000, 0.000}}, {"O", 3, {0.621, 1.066, 0.000}},
       {"CB", 0, {-0.546, -0.611, -1.293}}, {"CG", 4, {0.382, 1.445, 0.000}},
       {"CD", 5, {0.477, 1.424, 0.000}}},
      // S
      {{"N", 0, {-0.529, 1.360, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.525, 0.000, 0.000}}, {"O", 3, {0.626, 1.062, 0.000}},
       {"CB", 0, {-0.518, -0.777, -1.211}}, {"OG", 4, {0.503, 1.325, 0.000}}},
      // T
      {{"N", 0, {-0.517, 1.364, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.526, 0.000, 0.000}}, {"O", 3, {0.626, 1.062, 0.000}},
       {"CB", 0, {-0.516, -0.793, -1.215}}, {"OG1", 4, {0.472, 1.353, 0.000}},
       {"CG2", 4, {0.550, -0.718, -1.228}}},
      // W
      {{"N", 0, {-0.521, 1.363, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.525, 0.000, 0.000}}, {"O", 3, {0.627, 1.062, 0.000}},
       {"CB", 0, {-0.523, -0.776, -1.212}}, {"CG", 4, {0.609, 1.370, 0.000}},
       {"CD1", 5, {0.824, 1.091, 0.000}}, {"CD2", 5, {0.854, -1.148, -0.005}},
       {"NE1", 5, {2.140, 0.690, -0.004}}, {"CE2", 5, {2.186, -0.678, -0.007}},
       {"CE3", 5, {0.622, -2.530, -0.007}}, {"CZ2", 5, {3.283, -1.543, -0.011}},
       {"CZ3", 5, {1.715, -3.389, -0.011}}, {"CH2", 5, {3.028, -2.890, -0.013}}},
      // Y
      {{"N", 0, {-0.522, 1.362, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.524, 0.000, 0.000}}, {"O", 3, {0.627, 1.062, 0.000}},
       {"CB", 0, {-0.522, -0.776, -1.213}}, {"CG", 4, {0.607, 1.382, 0.000}},
       {"CD1", 5, {0.716, 1.195, 0.000}}, {"CD2", 5, {0.713, -1.194, -0.001}},
       {"CE1", 5, {2.107, 1.200, -0.002}}, {"CE2", 5, {2.104, -1.201, -0.003}},
       {"CZ", 5, {2.791, -0.001, -0.003}}, {"OH", 5, {4.168, -0.002, -0.005}}},
      // V
      {{"N", 0, {-0.494, 1.373, 0.000}}, {"CA", 0, {0.000, 0.000, 0.000}},
       {"C", 0, {1.527, 0.000, 0.000}}, {"O", 3, {0.627, 1.062, 0.000}},
       {"CB", 0, {-0.533, -0.795, -1.213}}, {"CG1", 4, {0.540, 1.429, 0.000}},
       {"CG2", 4, {0.533, -0.776, 1.203}}},
  }};
  return atoms;
}

/// The atom at the far end of the axis of each chi, whose place is the origin of its group.
constexpr std::array<std::string_view, 4> ends_of(int residue_type) {
  switch (residue_type) {
    case 1: return {"CB", "CG", "CD", "NE"};    // R
    case 2: return {"CB", "CG", "", ""};        // N
    case 3: return {"CB", "CG", "", ""};        // D
    case 4: return {"CB", "", "", ""};          // C
    case 5: return {"CB", "CG", "CD", ""};      // Q
    case 6: return {"CB", "CG", "CD", ""};      // E
    case 8: return {"CB", "CG", "", ""};        // H
    case 9: return {"CB", "CG1", "", ""};       // I
    case 10: return {"CB", "CG", "", ""};       // L
    case 11: return {"CB", "CG", "CD", "CE"};   // K
    case 12: return {"CB", "CG", "SD", ""};     // M
    case 13: return {"CB", "CG", "", ""};       // F
    case 14: return {"CB", "CG", "", ""};       // P
    case 15: return {"CB", "", "", ""};         // S
    case 16: return {"CB", "", "", ""};         // T
    case 17: return {"CB", "CG", "", ""};       // W
    case 18: return {"CB", "CG", "", ""};       // Y
    case 19: return {"CB", "", "", ""};         // V
    default: return {};
  }
}

Vector position_of(int residue_type, std::string_view name) {
  for (const GroupAtom& atom : atoms_of(residue_type))
    if (atom.name == name) return {atom.position[0], atom.position[1], atom.position[2]};
  throw Error(ErrorKind::Internal, "no atom " + std::string(name) + " in a residue.");
}

Vector minus(const Vector& a, const Vector& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Vector scaled(const Vector& a, double by) { return {a[0] * by, a[1] * by, a[2] * by}; }

Vector unit(const Vector& a) { return scaled(a, 1 / std::sqrt(dot(a, a))); }

Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

/// x along `x`, y in the plane of `x` and `y`, the origin at `at`.
GroupFrame frame_of(const Vector& x, const Vector& y, const Vector& at) {
  const Vector ex = unit(x), ey = unit(minus(y, scaled(ex, dot(y, ex)))), ez = cross(ex, ey);
  GroupFrame frame;
  for (std::size_t i = 0; i < 3; ++i) {
    frame.rotation[3 * i] = static_cast<float>(ex[i]);
    frame.rotation[3 * i + 1] = static_cast<float>(ey[i]);
    frame.rotation[3 * i + 2] = static_cast<float>(ez[i]);
    frame.translation[i] = static_cast<float>(at[i]);
  }
  return frame;
}

}  // namespace

std::span<const GroupAtom> atoms_of(int residue_type) {
  if (residue_type < 0 || residue_type >= 20) return {};
  return table()[static_cast<std::size_t>(residue_type)];
}

const std::array<std::string_view, atom37_count>& atom37_names() {
  static constexpr std::array<std::string_view, atom37_count> names = {
      "N",   "CA",  "C",   "CB",  "O",   "CG",  "CG1", "CG2", "OG",  "OG1", "SG",  "CD",  "CD1",
      "CD2", "ND1", "ND2", "OD1", "OD2", "SD",  "CE",  "CE1", "CE2", "CE3", "NE",  "NE1", "NE2",
      "OE1", "OE2", "CH2", "NH1", "NH2", "OH",  "CZ",  "CZ2", "CZ3", "NZ",  "OXT"};
  return names;
}

int atom37_index(std::string_view name) {
  const auto& names = atom37_names();
  const auto found = std::ranges::find(names, name);
  if (found == names.end())
    throw Error(ErrorKind::InvalidArgument,
                "no residue has a heavy atom '" + std::string(name) + "'.");
  return static_cast<int>(found - names.begin());
}

std::array<GroupFrame, group_count> default_frames(int residue_type) {
  std::array<GroupFrame, group_count> frames{};
  if (atoms_of(residue_type).empty()) return frames;
  const Vector n = position_of(residue_type, "N"), ca = position_of(residue_type, "CA"),
               c = position_of(residue_type, "C");
  frames[0] = frame_of({1, 0, 0}, {0, 1, 0}, {0, 0, 0});
  frames[1] = frames[0];
  frames[2] = frame_of(minus(n, ca), {1, 0, 0}, n);
  frames[3] = frame_of(minus(c, ca), minus(ca, n), c);
  const auto ends = ends_of(residue_type);
  if (!ends[0].empty()) {
    const Vector cb = position_of(residue_type, ends[0]);
    frames[4] = frame_of(minus(cb, ca), minus(n, ca), cb);
  }
  for (std::size_t chi = 1; chi < 4 && !ends[chi].empty(); ++chi) {
    const Vector end = position_of(residue_type, ends[chi]);
    frames[4 + chi] = frame_of(end, {-1, 0, 0}, end);
  }
  return frames;
}

}  // namespace foldstream::workflows::predict::esmfold
