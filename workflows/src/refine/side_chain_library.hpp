// The counted side-chain geometry of data/rotamers, as it is compiled in.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace foldstream::workflows::refine {

/// Where an atom beyond Cα stands: from `c` at `length` (Å), with the angle b–c–atom and a dihedral
/// (radians) that is `offset`, turned by chi number `chi` unless that is 0.
struct SideChainAtom {
  std::string name, a, b, c;
  double length = 0;
  double angle = 0;
  int chi = 0;
  double offset = 0;
};

struct Rotamer {
  int first_bin = 0;  ///< third of the circle in which chi 1 lies
  double probability = 0;
  std::vector<double> chi;  ///< radians
};

struct ResidueLibrary {
  std::vector<SideChainAtom> atoms;  ///< Cβ first
  std::vector<Rotamer> rotamers;     ///< most frequent first
  /// By 30° cell of (φ, ψ) from 0° and first_bin: how much more frequent than on average.
  std::vector<std::array<float, 3>> backbone_factor;
};

struct SideChainLibrary {
  static constexpr int backbone_cells = 12;
  static constexpr int ramachandran_cells = 36;

  std::map<std::string, ResidueLibrary, std::less<>> residues;
  /// "general", "glycine", "proline": rows of φ, columns of ψ from −180° in steps of 10°; '+' where
  /// 99.8 % of residues in crystals are.
  std::map<std::string, std::vector<std::string>, std::less<>> ramachandran;

  /// P(rotamer | φ, ψ) of the residue, not normalised; angles in radians, NaN where not known.
  double probability(const ResidueLibrary& residue, const Rotamer& rotamer, double phi,
                     double psi) const;
  /// Whether (φ, ψ), in radians, is outside the region of `kind`.
  bool is_outlier(std::string_view kind, double phi, double psi) const;
};

/// The library, read once. Thread-safe.
const SideChainLibrary& side_chain_library();

/// The lines of data/rotamers/rotamers.txt; generated when the project is configured.
extern const std::string_view rotamer_lines[];
extern const std::size_t rotamer_line_count;

}  // namespace foldstream::workflows::refine
