#include "coupling_peer.hpp"
#include "fold_pair.hpp"
#include "meters.hpp"
#include "peak_memory.hpp"
#include "tm_program.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/a3m.hpp>
#include <foldstream/io/structure_file.hpp>
#include <foldstream/workflows/refine/refine.hpp>

#include <algorithm>
#include <chrono>
#include <numeric>

namespace foldstream::bench {
namespace {

namespace fs = std::filesystem;
namespace predict = workflows::predict;
namespace refine = workflows::refine;

constexpr std::size_t judged_models = 5;

void judge_models(const Pair& pair, const io::Prediction& prediction, PairResult& result) {
  const auto native = native_ca(pair);
  const auto judge = [&](const std::vector<std::optional<io::Vec3>>& points) {
    return judge_tm(points, native, pair.query.residues);
  };
  const std::size_t count = std::min(judged_models, prediction.models.size());
  for (std::size_t k = 0; k < count; ++k)
    result.best_tm = std::max(result.best_tm, judge(model_ca(prediction.models[k].structure)));
  const io::Model& first = prediction.models.front();
  const auto points = model_ca(first.structure);
  result.tm = judge(points);
  result.mirror_tm = judge(mirrored(points));
  result.predicted_tm = first.predicted_tm;
  result.lddt = check_lddt(pair, points, first.plddt);
}

void write_models(const fs::path& folder, const std::string& suffix,
                  const std::vector<io::Structure>& models) {
  fs::create_directories(folder);
  for (std::size_t k = 0; k < models.size(); ++k) {
    io::write_structure(folder / ("model_" + std::to_string(k + 1) + suffix + ".pdb"), models[k],
                        {.title = "", .software = "Foldstream", .b_factor_is_plddt = true});
  }
}

// Model 1 through the refinement of the pipeline.
void refine_first(const FoldOptions& options, const io::Prediction& prediction,
                  const Context& context, PairResult& result) {
  io::Prediction first{{prediction.models.front()}, prediction.predictor};
  const io::Refinement refinement = refine::refine(first, {}, context);
  const io::RefinedModel& model = refinement.models.front();
  result.refined_tm =
      judge_tm(model_ca(model.after), native_ca(*result.pair), result.pair->query.residues);
  if (!model.failure.empty()) result.warnings.push_back("not refined: " + model.failure);
  if (!options.out.empty())
    write_models(options.out / result.pair->query.name, "_refined", {model.after});
}

void fold_and_judge(const predict::Predictor& predictor, const FoldOptions& options,
                    const io::Msa& msa, const Context& context, PairResult& result) {
  PartTimes parts;
  Context timed = context;
  timed.progress = parts.listener();
  predict::PredictResult folded = predictor.predict({result.pair->query, msa}, timed);
  result.seconds = parts.finish();
  result.peak_bytes = peak_bytes();
  result.contacts = std::move(folded.contacts);
  result.warnings = std::move(folded.warnings);
  result.network = contact_precision(*result.pair, result.contacts.probability);
  result.mean_field = contact_precision(*result.pair, result.contacts.score);
  judge_models(*result.pair, folded.prediction, result);
  if (!options.out.empty()) {
    std::vector<io::Structure> models;
    for (const io::Model& model : folded.prediction.models) models.push_back(model.structure);
    write_models(options.out / result.pair->query.name, "", models);
  }
  if (options.refine) refine_first(options, folded.prediction, context, result);
}

}  // namespace

PairResult fold_pair(const Pair& pair, const FoldOptions& options, const Context& context) {
  PairResult result;
  result.pair = &pair;
  const io::Msa msa = io::read_a3m(pair.alignment);
  result.information = contact_precision(pair, mutual_information(msa, context));
  const auto predictor = predict::make_potts(options.predict);
  reset_peak();
  try {
    fold_and_judge(*predictor, options, msa, context, result);
  } catch (const Error& error) {
    result.failure = error.what();
  }
  for (const auto& [part, seconds] : result.seconds) result.all_seconds += seconds;
  return result;
}

}  // namespace foldstream::bench
