// A small target with everything in it.
#pragma once

#include <foldstream/io/sequence.hpp>
#include <foldstream/workflows/report/target_files.hpp>

#include <cmath>
#include <string>

namespace foldstream::test {

/// A helix of Cα and Cβ atoms.
inline io::Structure helix(const std::string& sequence, double twist = 1.745) {
  io::Structure structure{"helix", {{"A", {}}}};
  int number = 0;
  for (const char letter : sequence) {
    const double turn = twist * number, rise = 1.5 * number;
    io::Residue residue{std::string(io::three_letter(letter)), ++number, ' ', {}};
    residue.atoms.push_back({"CA", "C", {2.3 * std::cos(turn), 2.3 * std::sin(turn), rise}, 1, 1});
    if (letter != 'G')
      residue.atoms.push_back(
          {"CB", "C", {3.3 * std::cos(turn), 3.3 * std::sin(turn), rise}, 1, 1});
    structure.chains[0].residues.push_back(residue);
  }
  return structure;
}

/// Two models of twelve residues, the first of them refined.
inline workflows::report::TargetResult sample_result(const std::string& name = "demo") {
  workflows::report::TargetResult result;
  result.name = name;
  result.sequence = "ACDEFGHIKLMN";
  result.software = "Foldstream 0.1.0";
  result.msa.rows = {{name, "", result.sequence}, {"other", "", "ACDEFG--KLMNaa"}};
  result.msa.weights = {1.0f, 0.5f};
  result.contacts.length = 12;
  result.contacts.score.assign(144, 0);
  result.contacts.probability.assign(144, 0);
  result.contacts.probability[0 * 12 + 9] = result.contacts.probability[9 * 12 + 0] = 0.75f;
  io::Model model{helix(result.sequence), std::vector<double>(12, 81.234), 0.6123456, -12.5};
  model.plddt[3] = 45;
  result.prediction = {{model, model}, "potts"};
  io::RefinedModel refined{model, helix(result.sequence, 1.7), {}, {}, 0.25, ""};
  refined.report_before.clashes = 17;
  refined.report_before.potential = std::nan("");
  refined.report_after.clashes = 2;
  result.refinement = io::Refinement{{refined}, "amber99sb-ildn"};
  return result;
}

}  // namespace foldstream::test
