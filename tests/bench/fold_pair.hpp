// One protein of the benchmark: folded through the library's public interface, then judged.
#pragma once

#include "pair_scores.hpp"

#include <foldstream/io/prediction.hpp>
#include <foldstream/workflows/predict/predictor.hpp>

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace foldstream::bench {

/// What was measured on one protein. TM-scores are over the residues of the native.
struct PairResult {
  const Pair* pair = nullptr;
  std::string failure;  ///< why there is no model; empty if there is
  Precision network, mean_field, information;
  double tm = 0;                     ///< of model 1, before refinement
  double best_tm = 0;                ///< of the best of the first five models
  double mirror_tm = 0;              ///< of the mirror image of model 1
  std::optional<double> refined_tm;  ///< of model 1, after refinement
  double predicted_tm = 0;
  LddtCheck lddt;
  io::ContactMap contacts;
  std::vector<std::string> warnings;
  std::map<std::string, double> seconds;  ///< wall time by part
  double all_seconds = 0;
  std::size_t peak_bytes = 0;  ///< of the process

  /// The mirror image is clearly nearer to the native.
  bool is_mirrored() const { return mirror_tm > tm + 0.05; }
};

struct FoldOptions {
  workflows::predict::PredictOptions predict;
  bool refine = false;
  std::filesystem::path out;  ///< models go to OUT/<protein>/; empty = nowhere
};

/// Folds and judges. An error of the prediction becomes `failure`. Thread-safe.
/// @throws Error{InvalidArgument} for options that no protein could be folded with.
PairResult fold_pair(const Pair& pair, const FoldOptions& options, const Context& context);

}  // namespace foldstream::bench
