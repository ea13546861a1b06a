// The packaged stages as tasks, for programs that build their graph in C++.
#pragma once

#include <foldstream/task.hpp>
#include <foldstream/workflows/stage.hpp>

#include <cstdint>
#include <string>

namespace foldstream::workflows {

/// query (sequence) → msa. @throws what opening the database throws; an empty `database` is allowed
/// where every target brings its alignment.
struct SearchStageOptions {
  std::string database = {};        ///< .fsdb or FASTA file; its content, not its path, counts
  int iterations = 3;               ///< passes over the database, the first with the query alone
  double inclusion_evalue = 1e-3;   ///< hits up to here enter the profile and the alignment
  int max_rows = 20'000;            ///< depth of the alignment
  double min_coverage = 0;          ///< part of the query that a row must cover, 0–1
};
Task search_task(const SearchStageOptions& options = {}, std::string name = "search");

/// msa → msa with weights.
struct MsaStageOptions {
  double min_coverage = 0.5;        ///< part of the query's columns with a residue, 0–1
  double max_row_gaps = 0.5;        ///< part of gaps between a row's first and last residue, 0–1
  double min_query_identity = 0;    ///< identity to the query, 0–1
  double max_identity = 1;          ///< a row this similar to an earlier one is dropped; 1 = off
  int max_rows = 20'000;            ///< depth after the filters
};
Task msa_task(const MsaStageOptions& options = {}, std::string name = "msa");

/// sequence, msa → contacts, prediction.
struct PredictStageOptions {
  std::string predictor = "potts";
  int models = 5;                   ///< distinct models to keep
  std::uint64_t seed = 0;
  int starts = 96;                  ///< folding trajectories
  int steps = 800;                  ///< of gradient descent
  std::string couplings = "mean-field";  ///< or "plm": better contacts, slower
  int max_rows = 40'000;            ///< of the alignment
  std::string weights = {};         ///< folder of other weights; empty = the built-in ones
};
Task predict_task(const PredictStageOptions& options = {}, std::string name = "predict");

/// prediction → refinement.
struct RefineStageOptions {
  double restraint_strength = 10;   ///< pull of each Cα to its place, kJ/mol/Å²; 0 = free
  double force_tolerance = 1;       ///< stop below this root-mean-square force, kJ/mol/Å
  int max_iterations = 400;         ///< of the minimiser
  std::string force_field_folder = {};  ///< of GROMACS; empty = where it was found when this was built
};
Task refine_task(const RefineStageOptions& options = {}, std::string name = "refine");

/// sequence, msa?, contacts?, prediction, refinement? → manifest; writes targets/<name>/.
struct WriteStageOptions {
  std::string folder = "results";   ///< the run folder
};
Task write_task(const WriteStageOptions& options = {}, std::string name = "write");

}  // namespace foldstream::workflows
