// Refinement: predicted models become all-atom models with sound geometry.
#pragma once

#include <foldstream/context.hpp>
#include <foldstream/io/prediction.hpp>
#include <foldstream/workflows/refine/force_field.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace foldstream::workflows::refine {

/// How to refine. Lengths in Å, energies in kJ/mol.
struct RefineOptions {
  bool enabled = true;               ///< false: models are judged and passed on as they are
  double restraint_strength = 10.0;  ///< pull of each Cα to its place, kJ/mol/Å²; ≥ 0
  double force_tolerance = 1.0;      ///< stop below this root-mean-square force, kJ/mol/Å; > 0
  int max_iterations = 400;          ///< of the minimiser in the full force field; ≥ 1
  double max_seconds = 0;  ///< a model; 0 = no bound. A bound in time makes results depend on it
  std::string force_field_folder = default_force_field_folder();  ///< a GROMACS `*.ff` folder
};

/// Completes each model of `prediction` to all atoms and relaxes it: first with a soft repulsion
/// that lets overlapping atoms pass each other, then in the force field (cut-off 10 Å, dielectric
/// constant 4 in place of water), then once more where heavy atoms still clash. It is restrained to
/// the prediction throughout; penalties hold N–Cα–C near two standard deviations at most, Cα on the
/// L hand, and peptides trans unless they came in cis.
///
/// The reports compare the same atoms: `report_before` judges the model as it enters minimisation,
/// completed to heavy atoms by rotamers that already avoid clashes. Energies in the reports are
/// those of the force field in vacuum, without restraints.
/// A model that cannot be refined (residue X, missing backbone, numbers that leave the finite)
/// keeps its structure, and `failure` says why. Models are refined side by side on
/// `context.threads`, each on one thread; the result does not depend on their number.
/// @throws Error{InvalidArgument} for an option out of range, Error{NotFound} or Error{Parse} for
///         the force field, Error{Unsupported} in a build without OpenMM, Error{Cancelled}.
io::Refinement refine(const io::Prediction& prediction, const RefineOptions& options,
                      const Context& context);

/// What refining takes, estimated from measurements on two cores.
struct RefineCost {
  double seconds = 0;     ///< on one thread
  std::size_t bytes = 0;  ///< at most, while one model a thread is being refined
};
RefineCost refine_cost(std::size_t residues, std::size_t models);

/// The version of OpenMM, such as "7.7"; empty in a build without it.
std::string openmm_version();
/// The names of the platforms that OpenMM found: "Reference", "CPU"; empty in a build without it.
std::vector<std::string> openmm_platforms();

}  // namespace foldstream::workflows::refine
