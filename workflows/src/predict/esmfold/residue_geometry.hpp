// The heavy atoms of the twenty residues: which rigid group each belongs to and where it lies there.
//
// A residue is eight rigid groups (Jumper et al., Nature 2021, supplement 1.8.4 and table 2): 0 the
// backbone, 1 pre-omega, 2 phi, 3 psi (with O), 4–7 chi1–chi4. The ideal positions are those that
// AlphaFold 2 was trained with; the models' weights take them for granted.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace foldstream::workflows::predict::esmfold {

inline constexpr int group_count = 8;
inline constexpr int residue_type_count = 21;  ///< the last is the unknown, which has no atoms
inline constexpr int atom14_count = 14;
inline constexpr int atom37_count = 37;

struct GroupAtom {
  std::string_view name;
  int group = 0;
  std::array<float, 3> position{};  ///< in the frame of the group, Å
};

/// In the order of the atom14 layout.
std::span<const GroupAtom> atoms_of(int residue_type);

/// The names of the atom37 layout.
const std::array<std::string_view, atom37_count>& atom37_names();

/// The place of an atom in the atom37 layout.
int atom37_index(std::string_view name);

/// A frame of a group in that of its parent.
struct GroupFrame {
  std::array<float, 9> rotation{};  ///< row-major; zero for a group that the residue does not have
  std::array<float, 3> translation{};
};

/// With all torsions 0: chi2–chi4 in the frame of the chi before, the others in that of the backbone.
std::array<GroupFrame, group_count> default_frames(int residue_type);

}  // namespace foldstream::workflows::predict::esmfold
