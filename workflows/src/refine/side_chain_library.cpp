#include "side_chain_library.hpp"
#include "vec3.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <sstream>

namespace foldstream::workflows::refine {
namespace {

int cell(double angle, int count, double start) {
  const double degrees = angle / radians - start;
  const double turned = degrees - 360.0 * std::floor(degrees / 360.0);
  return std::min(static_cast<int>(turned / 360.0 * count), count - 1);
}

void read_atom(std::istream& words, ResidueLibrary& residue) {
  SideChainAtom atom;
  words >> atom.name >> atom.a >> atom.b >> atom.c >> atom.length >> atom.angle >> atom.chi >>
      atom.offset;
  atom.angle *= radians;
  atom.offset *= radians;
  residue.atoms.push_back(atom);
}

void read_rotamer(std::istream& words, ResidueLibrary& residue) {
  Rotamer rotamer;
  words >> rotamer.first_bin >> rotamer.probability;
  for (double chi = 0; words >> chi;) rotamer.chi.push_back(chi * radians);
  words.clear();
  residue.rotamers.push_back(rotamer);
}

void read_backbone(std::istream& words, ResidueLibrary& residue) {
  constexpr int cells = SideChainLibrary::backbone_cells;
  residue.backbone_factor.resize(cells * cells, {1, 1, 1});
  int row = 0;
  int column = 0;
  words >> row >> column;
  for (float& factor : residue.backbone_factor.at(static_cast<std::size_t>(row * cells + column))) {
    words >> factor;
    factor = std::max(factor, 0.5F) / 100;
  }
}

void read_line(std::string_view line, SideChainLibrary& library) {
  std::istringstream words{std::string(line)};
  std::string kind;
  std::string name;
  words >> kind >> name;
  if (kind == "atom") read_atom(words, library.residues[name]);
  if (kind == "rotamer") read_rotamer(words, library.residues[name]);
  if (kind == "backbone") read_backbone(words, library.residues[name]);
  if (kind == "ramachandran") {
    std::string row;
    words >> row >> library.ramachandran[name].emplace_back();
  }
  if (words.fail()) {
    throw Error(ErrorKind::Internal, "bad line in rotamers.txt: " + std::string(line));
  }
}

SideChainLibrary read_library() {
  SideChainLibrary library;
  library.residues["GLY"];
  for (std::size_t i = 0; i < rotamer_line_count; ++i) {
    if (!rotamer_lines[i].empty() && rotamer_lines[i][0] != '#') {
      read_line(rotamer_lines[i], library);
    }
  }
  return library;
}

}  // namespace

double SideChainLibrary::probability(const ResidueLibrary& residue, const Rotamer& rotamer,
                                     double phi, double psi) const {
  if (residue.backbone_factor.empty() || std::isnan(phi) || std::isnan(psi)) {
    return rotamer.probability;
  }
  const int at = cell(phi, backbone_cells, 0) * backbone_cells + cell(psi, backbone_cells, 0);
  const auto& factors = residue.backbone_factor[static_cast<std::size_t>(at)];
  return rotamer.probability * factors[static_cast<std::size_t>(rotamer.first_bin)];
}

bool SideChainLibrary::is_outlier(std::string_view kind, double phi, double psi) const {
  const auto& rows = ramachandran.find(kind)->second;
  const int row = cell(phi, ramachandran_cells, -180);
  const int column = cell(psi, ramachandran_cells, -180);
  return rows[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)] != '+';
}

const SideChainLibrary& side_chain_library() {
  static const SideChainLibrary library = read_library();
  return library;
}

}  // namespace foldstream::workflows::refine
