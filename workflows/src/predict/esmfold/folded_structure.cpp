#include "folded_structure.hpp"

#include "residue_geometry.hpp"

#include <foldstream/io/sequence.hpp>

namespace foldstream::workflows::predict::esmfold {
namespace {

constexpr std::size_t alpha_carbon = 1;  // in the atom37 layout

io::Residue residue_of(char letter, int number, int type, std::span<const float> atoms,
                       std::span<const float> plddt) {
  io::Residue residue;
  residue.name = std::string(io::three_letter(letter));
  residue.number = number;
  for (const GroupAtom& atom : atoms_of(type)) {
    const auto at = static_cast<std::size_t>(atom37_index(atom.name));
    residue.atoms.push_back({std::string(atom.name), std::string(atom.name.substr(0, 1)),
                             {atoms[3 * at], atoms[3 * at + 1], atoms[3 * at + 2]}, plddt[at], 1});
  }
  return residue;
}

/// Rows and columns of residues that are in no linker.
std::vector<float> without_linkers(const FoldInput& input, const Tensor& pae) {
  std::vector<float> kept;
  const auto values = pae.values<float>();
  const auto length = static_cast<std::size_t>(input.length());
  for (std::size_t i = 0; i < length; ++i)
    for (std::size_t j = 0; j < length; ++j)
      if (input.chain[i] >= 0 && input.chain[j] >= 0) kept.push_back(values[i * length + j]);
  return kept;
}

}  // namespace

io::Model model_of(const FoldInput& input, const std::string& residues, const FoldedPass& pass,
                   const FoldedError& error) {
  io::Model model;
  const auto atoms = pass.atoms.values<float>(), plddt = pass.plddt.values<float>();
  std::size_t next = 0;
  for (std::size_t i = 0; i < input.types.size(); ++i) {
    if (input.chain[i] < 0) continue;
    const auto chain = static_cast<std::size_t>(input.chain[i]);
    if (model.structure.chains.size() == chain)
      model.structure.chains.push_back({std::string(1, static_cast<char>('A' + chain % 26)), {}});
    auto& own = model.structure.chains[chain].residues;
    const auto of = plddt.subspan(i * atom37_count, atom37_count);
    own.push_back(residue_of(residues[next++], static_cast<int>(own.size()) + 1,
                             static_cast<int>(input.types[i]),
                             atoms.subspan(3 * i * atom37_count, 3 * atom37_count), of));
    model.plddt.push_back(of[alpha_carbon]);
  }
  model.predicted_tm = error.ptm;
  model.pae = without_linkers(input, error.pae);
  return model;
}

}  // namespace foldstream::workflows::predict::esmfold
