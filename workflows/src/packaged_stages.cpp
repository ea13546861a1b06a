#include "esmfold_stages.hpp"

#include <foldstream/io/text_file.hpp>
#include <foldstream/workflows/catalog.hpp>
#include <foldstream/workflows/msa/msa.hpp>
#include <foldstream/workflows/predict/predictor.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>
#include <foldstream/workflows/refine/refine.hpp>
#include <foldstream/workflows/report/manifest.hpp>
#include <foldstream/workflows/report/target_files.hpp>
#include <foldstream/workflows/search/search.hpp>
#include <foldstream/workflows/stages.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

namespace foldstream::workflows {
namespace {

namespace fs = std::filesystem;

/// A count in `magnitudes`, 0 if it is not there.
std::size_t magnitude(const Magnitudes& magnitudes, const std::string& name) {
  const auto found = magnitudes.find(name);
  return found == magnitudes.end() ? 0 : static_cast<std::size_t>(std::max(0.0, found->second));
}

template <class T>
Port port(std::string name, std::string doc, bool is_optional = false) {
  return {std::move(name), PortType::of<T>(), std::move(doc), is_optional};
}

/// A stage whose tasks are made by `make` from the options that `table` reads.
template <class Options>
Stage stage_of(std::string name, std::string summary, const OptionTable<Options>& table,
               Task (*make)(const Options&, std::string)) {
  Stage stage;
  const Task sample = make(Options{}, name);
  stage.name = std::move(name);
  stage.summary = std::move(summary);
  stage.inputs = sample.inputs;
  stage.outputs = sample.outputs;
  stage.options = table.info();
  stage.make = [table, make, kind = stage.name](const std::string& task,
                                                const std::vector<Setting>& settings) {
    return make(table.parse(settings, kind), task);
  };
  return stage;
}

OptionTable<SearchStageOptions> search_table() {
  using O = SearchStageOptions;
  OptionTable<O> table;
  // its content is in the identity, by digest: a database may move
  table.add("database", &O::database, ".fsdb or FASTA file to search", Effect::speed)
      .add("iterations", &O::iterations, "passes over the database", 1, 20)
      .add("inclusion_evalue", &O::inclusion_evalue, "E-value up to which hits are used", 0, 10)
      .add("max_rows", &O::max_rows, "most rows of the alignment", 1, 1e7)
      .add("min_coverage", &O::min_coverage, "part of the query a row must cover", 0, 1);
  return table;
}

OptionTable<MsaStageOptions> msa_table() {
  using O = MsaStageOptions;
  OptionTable<O> table;
  table.add("min_coverage", &O::min_coverage, "part of the query's columns a row must fill", 0, 1)
      .add("max_row_gaps", &O::max_row_gaps, "part of gaps inside a row", 0, 1)
      .add("min_query_identity", &O::min_query_identity, "identity to the query", 0, 1)
      .add("max_identity", &O::max_identity, "drop rows this similar to an earlier one; 1 = off", 0, 1)
      .add("max_rows", &O::max_rows, "most rows after the filters", 1, 1e7);
  return table;
}

OptionTable<PredictStageOptions> predict_table() {
  using O = PredictStageOptions;
  OptionTable<O> table;
  table.add("predictor", &O::predictor, "method: potts")
      .add("models", &O::models, "distinct models to keep", 1, 50)
      .add("seed", &O::seed, "the same seed gives the same bytes")
      .add("starts", &O::starts, "folding trajectories", 1, 4096)
      .add("steps", &O::steps, "steps of gradient descent in each", 20, 100'000)
      .add("couplings", &O::couplings, "estimated by mean-field or plm (slower)")
      .add("max_rows", &O::max_rows, "most rows of the alignment that are read", 2, 1e6)
      // in the identity by digest: a folder may move
      .add("weights", &O::weights, "folder of other weights; empty = built in", Effect::speed);
  return table;
}

OptionTable<RefineStageOptions> refine_table() {
  using O = RefineStageOptions;
  OptionTable<O> table;
  table.add("restraint_strength", &O::restraint_strength,
            "pull of each CA to its place, kJ/mol/A^2; 0 = free", 0, 1e6)
      .add("force_tolerance", &O::force_tolerance, "stop below this rms force, kJ/mol/A", 1e-6, 1e6)
      .add("max_iterations", &O::max_iterations, "of each minimisation", 1, 1'000'000)
      .add("force_field_folder", &O::force_field_folder, "GROMACS force field; empty = built-in path");
  return table;
}

OptionTable<WriteStageOptions> write_table() {
  OptionTable<WriteStageOptions> table;
  table.add("folder", &WriteStageOptions::folder, "the results folder", Effect::speed);
  return table;
}

std::unique_ptr<predict::Predictor> make_predictor(const PredictStageOptions& options) {
  const std::vector<std::string> known = {"potts"};
  if (options.predictor != "potts")
    throw Error(ErrorKind::InvalidArgument, "there is no predictor '" + options.predictor + "'." +
                                                did_you_mean(options.predictor, known) +
                                                " Known: potts.");
  predict::PredictOptions chosen;
  chosen.models = options.models;
  chosen.seed = options.seed;
  chosen.starts = options.starts;
  chosen.steps = options.steps;
  chosen.couplings = predict::parse_couplings(options.couplings);
  chosen.max_rows = options.max_rows;
  chosen.weights = options.weights;
  return predict::make_potts(chosen);
}

fs::path target_folder(const fs::path& run_folder, const std::string& target) {
  return run_folder / "targets" / io::safe_file_name(target);
}

report::TargetResult target_result(const Values& inputs) {
  report::TargetResult result;
  const auto& sequence = inputs.at("sequence").as<io::Sequence>();
  result.name = sequence.name;
  result.sequence = sequence.residues;
  result.prediction = inputs.at("prediction").as<io::Prediction>();
  result.warnings = result.prediction.warnings;
  result.software = "Foldstream " FOLDSTREAM_VERSION;
  if (inputs.contains("msa")) result.msa = inputs.at("msa").as<io::Msa>();
  if (inputs.contains("contacts")) result.contacts = inputs.at("contacts").as<io::ContactMap>();
  if (inputs.contains("refinement"))
    result.refinement = inputs.at("refinement").as<io::Refinement>();
  return result;
}

}  // namespace

Task search_task(const SearchStageOptions& options, std::string name) {
  search::SearchOptions chosen;
  chosen.iterations = options.iterations;
  chosen.inclusion_evalue = options.inclusion_evalue;
  chosen.max_rows = options.max_rows;
  chosen.min_coverage = options.min_coverage;
  std::optional<search::Database> database;
  if (!options.database.empty()) database = search::Database::open(options.database);
  Task task;
  task.name = std::move(name);
  task.inputs = {port<io::Sequence>("query", "what to search for")};
  task.outputs = {port<io::Msa>("msa", "the query and its homologs")};
  task.role = "search";
  task.identity = "search 1\n" + search_table().identity(options) + "database=" +
                  (database ? to_string(database->digest()) : "none");
  task.max_threads = 1024;
  task.cost = [chosen, residues = database ? database->residues() : 0](const Magnitudes& size) {
    const search::SearchCost cost =
        search::search_cost(magnitude(size, "length"), residues, chosen);
    return Cost{cost.seconds, cost.bytes};
  };
  task.body = [chosen, database](const Values& inputs, const Context& context) -> Values {
    if (!database)
      throw Error(ErrorKind::InvalidArgument,
                  "no database to search. Give --database, or --msa to skip the search.");
    return {{"msa", Value::of(search::search(inputs.at("query").as<io::Sequence>(), *database,
                                             chosen, context)
                                  .msa)}};
  };
  return task;
}

Task msa_task(const MsaStageOptions& options, std::string name) {
  msa::MsaOptions chosen;
  chosen.min_coverage = options.min_coverage;
  chosen.max_row_gaps = options.max_row_gaps;
  chosen.min_query_identity = options.min_query_identity;
  chosen.max_identity = options.max_identity;
  chosen.max_rows = options.max_rows;
  Task task;
  task.name = std::move(name);
  task.inputs = {port<io::Msa>("msa", "an alignment")};
  task.outputs = {port<io::Msa>("msa", "the rows kept, with weights")};
  task.role = "search";  // so that only the rows kept travel
  task.identity = "msa 1\n" + msa_table().identity(options);
  task.max_threads = 1024;
  task.cost = [](const Magnitudes& size) {
    const double rows = static_cast<double>(magnitude(size, "rows"));
    const double length = static_cast<double>(magnitude(size, "length"));
    return Cost{rows * rows * length / 1e10, static_cast<std::uint64_t>(4 * rows * (length + 200))};
  };
  task.body = [chosen](const Values& inputs, const Context& context) -> Values {
    return {{"msa", Value::of(msa::prepare(inputs.at("msa").as<io::Msa>(), chosen, context).msa)}};
  };
  return task;
}

Task predict_task(const PredictStageOptions& options, std::string name) {
  const std::shared_ptr<const predict::Predictor> predictor = make_predictor(options);
  Task task;
  task.name = std::move(name);
  task.inputs = {port<io::Sequence>("sequence", "the target"),
                 port<io::Msa>("msa", "its alignment, with weights")};
  task.outputs = {port<io::ContactMap>("contacts", "which residues touch"),
                  port<io::Prediction>("prediction", "backbone models, the best first")};
  task.identity = "predict 2\n" + predict_table().identity(options) +
                  "weights=" + predict::weights_digest(options.weights);
  task.keeps_parts = true;
  task.role = "predict";
  task.max_threads = 1024;
  task.cost = [predictor](const Magnitudes& size) {
    const predict::PredictCost cost =
        predictor->estimate(magnitude(size, "length"), magnitude(size, "rows"));
    return Cost{cost.seconds, cost.bytes};
  };
  task.body = [predictor](const Values& inputs, const Context& context) -> Values {
    predict::PredictResult result = predictor->predict(
        {inputs.at("sequence").as<io::Sequence>(), inputs.at("msa").as<io::Msa>()}, context);
    result.prediction.warnings = std::move(result.warnings);
    return {{"contacts", Value::of(std::move(result.contacts))},
            {"prediction", Value::of(std::move(result.prediction))}};
  };
  return task;
}

Task refine_task(const RefineStageOptions& options, std::string name) {
  refine::RefineOptions chosen;
  chosen.restraint_strength = options.restraint_strength;
  chosen.force_tolerance = options.force_tolerance;
  chosen.max_iterations = options.max_iterations;
  if (!options.force_field_folder.empty()) chosen.force_field_folder = options.force_field_folder;
  Task task;
  task.name = std::move(name);
  task.inputs = {port<io::Prediction>("prediction", "models")};
  task.outputs = {port<io::Refinement>("refinement", "all-atom models, before and after")};
  task.role = "refine";
  task.identity = "refine 1\n" + refine_table().identity(options);
  task.max_threads = 1024;
  task.cost = [](const Magnitudes& size) {
    const std::size_t models = magnitude(size, "models");
    const refine::RefineCost cost =
        refine::refine_cost(magnitude(size, "length"), models == 0 ? 5 : models);
    return Cost{cost.seconds, cost.bytes};
  };
  task.body = [chosen](const Values& inputs, const Context& context) -> Values {
    return {{"refinement", Value::of(refine::refine(inputs.at("prediction").as<io::Prediction>(),
                                                    chosen, context))}};
  };
  return task;
}

Task write_task(const WriteStageOptions& options, std::string name) {
  const fs::path folder = options.folder;
  Task task;
  task.name = std::move(name);
  task.inputs = {port<io::Sequence>("sequence", "the target"),
                 port<io::Msa>("msa", "its alignment", true),
                 port<io::ContactMap>("contacts", "which residues touch", true),
                 port<io::Prediction>("prediction", "models"),
                 port<io::Refinement>("refinement", "refined models", true)};
  task.outputs = {port<report::Manifest>("manifest", "the files that were written")};
  task.identity = "write 1\n" + std::string(FOLDSTREAM_VERSION);
  task.is_current = [folder](const Values& outputs) {
    const auto& manifest = outputs.at("manifest").as<report::Manifest>();
    return report::damaged_files(target_folder(folder, manifest.target), manifest).empty();
  };
  task.cost = [](const Magnitudes&) { return Cost{0.1, 1U << 24U}; };
  task.body = [folder](const Values& inputs, const Context&) -> Values {
    const report::TargetResult result = target_result(inputs);
    return {{"manifest", Value::of(report::write_target_files(target_folder(folder, result.name),
                                                              result))}};
  };
  return task;
}

Catalog Catalog::packaged() {
  Catalog catalog;
  catalog.add(stage_of("search", "finds homologs of the query in a sequence database",
                       search_table(), search_task));
  catalog.add(stage_of("msa", "filters an alignment and weighs its rows", msa_table(), msa_task));
  Stage predict = stage_of("predict", "folds models from an alignment", predict_table(), predict_task);
  if (!predict::torch_is_available()) predict.missing = "needs LibTorch (-DFOLDSTREAM_WITH_TORCH=ON)";
  Stage embed = stage_of("embed", "runs the language model of ESMFold", embed_table(), embed_task);
  Stage fold = stage_of("fold", "folds a single sequence with ESMFold", fold_table(), fold_task);
  embed.missing = fold.missing = predict.missing;
  catalog.add(std::move(predict));
  catalog.add(std::move(embed));
  catalog.add(std::move(fold));
  Stage refine = stage_of("refine", "completes models to all atoms and relaxes them", refine_table(),
                          refine_task);
  if (refine::openmm_version().empty()) refine.missing = "needs OpenMM (-DFOLDSTREAM_WITH_OPENMM=ON)";
  catalog.add(std::move(refine));
  catalog.add(stage_of("write", "writes the files of a target", write_table(), write_task));
  return catalog;
}

}  // namespace foldstream::workflows
