// Target files: what is left in a run folder for one target.
#pragma once

#include <foldstream/io/msa.hpp>
#include <foldstream/io/prediction.hpp>
#include <foldstream/workflows/report/manifest.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace foldstream::workflows::report {

/// Everything that a workflow found out about one target.
struct TargetResult {
  std::string name;
  std::string sequence;  ///< one-letter codes
  io::Msa msa;
  io::ContactMap contacts;  ///< length 0: there is none
  io::Prediction prediction;
  /// Its models are the first of `prediction`, in the same order.
  std::optional<io::Refinement> refinement;
  std::vector<std::string> warnings;
  std::string software;  ///< "Foldstream 0.1.0"; may be empty
};

/// Pairs at least 6 residues apart whose contact probability is at least `probability`.
int contacts_kept(const io::ContactMap& contacts, double probability = 0.5);

/// Writes the files of a target into `folder`, which is made if absent. With N a name made of
/// `result.name` by io::safe_file_name and RRR the rank of a model:
///   N_rank_RRR.cif, N_rank_RRR.pdb      the refined model, or the predicted one
///   N_unrefined_rank_RRR.pdb            the model before refinement, where there was any
///   N_scores.json, N.a3m, refinement.json (where there was any)
/// pLDDT is in the B-factors. A model too large for the PDB format has no .pdb; a warning in
/// N_scores.json says so. The bytes depend on `result` only. Files of the same name are replaced;
/// other files stay.
/// @throws Error{InvalidArgument} if there is no model, or a model's pLDDT do not number its
///   residues; Error{Io} naming the file.
Manifest write_target_files(const std::filesystem::path& folder, const TargetResult& result);

}  // namespace foldstream::workflows::report
