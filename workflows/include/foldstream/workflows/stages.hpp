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

/// sequence → representation (stream): ESM-2 and the stem of ESMFold. The model is opened here.
/// @throws what predict::find_model and opening the folder throw; an empty `model` is allowed for
/// looking at ports.
struct EmbedStageOptions {
  std::string model = {};           ///< model folder, or its name below `models_dir`
  std::string models_dir = {};      ///< folder of model folders
  std::string precision = "auto";   ///< "f32", "bf16", or "auto": bf16 on devices
  // speed only
  std::string device = "auto";      ///< "cpu", a kind of device ("cuda"), or "auto"
  int chunk = 0;                    ///< rows of a block of attention; 0 = chosen
};
Task embed_task(const EmbedStageOptions& options = {}, std::string name = "embed");

/// sequence, representation → prediction, coordinates (stream), plddt (stream): the trunk and the
/// structure module of ESMFold, a chunk of the streams for each pass. A run that was stopped goes on
/// after the last pass whose state was kept.
struct FoldStageOptions {
  std::string model = {};
  std::string models_dir = {};
  int recycles = 3;                 ///< passes after the first
  double tolerance = 0;             ///< stop once Cα distances change less (rms), Å; 0 = never
  std::string precision = "auto";
  // speed only
  std::string device = "auto";
  int chunk = 0;                    ///< rows of a block; 0 = chosen
  double checkpoint_seconds = 20;   ///< keep the state after passes that took so long together
};
Task fold_task(const FoldStageOptions& options = {}, std::string name = "fold");

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
