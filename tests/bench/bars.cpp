#include "bars.hpp"

#include <fmt/core.h>

#include <cmath>
#include <functional>

namespace foldstream::bench {
namespace {

using Results = std::vector<PairResult>;
using Figure = std::function<double(const PairResult&)>;
using Choice = std::function<bool(const PairResult&)>;

constexpr double confident = 0.5;
constexpr const char* study = "the Python study";

bool any(const PairResult&) { return true; }
bool is_deep(const PairResult& result) { return result.pair->depth >= deep; }
bool is_folded(const PairResult& result) { return result.failure.empty(); }

double mean(const Results& results, const Choice& choice, const Figure& figure) {
  double sum = 0;
  int count = 0;
  for (const PairResult& result : results) {
    if (!choice(result)) continue;
    sum += figure(result);
    ++count;
  }
  return count == 0 ? 0 : sum / count;
}

int count_if(const Results& results, const Choice& choice) {
  int count = 0;
  for (const PairResult& result : results) count += static_cast<int>(choice(result));
  return count;
}

std::vector<Bar> contact_bars(const Results& results) {
  const auto fifth = [&](const Precision PairResult::*kind) {
    return mean(results, any, [&](const PairResult& result) { return (result.*kind).fifth; });
  };
  const auto all = [&](const Precision PairResult::*kind) {
    return mean(results, any, [&](const PairResult& result) { return (result.*kind).all; });
  };
  std::vector<Bar> bars;
  bars.push_back({"precision, top L/5, network", fifth(&PairResult::network), "1", 0.84, 0.88,
                  false, study, 0.84});
  bars.push_back({"precision, top L, network", all(&PairResult::network), "1", 0.65, 0.72, false,
                  study, 0.67});
  bars.push_back({"precision, top L/5, mean field",
                  fifth(&PairResult::mean_field),
                  "1",
                  {},
                  {},
                  false,
                  study,
                  0.72});
  bars.push_back({"precision, top L, mean field",
                  all(&PairResult::mean_field),
                  "1",
                  {},
                  {},
                  false,
                  study,
                  0.49});
  bars.push_back({"precision, top L/5, mutual information", fifth(&PairResult::information)});
  bars.push_back({"precision, top L, mutual information", all(&PairResult::information)});
  return bars;
}

std::vector<Bar> fold_bars(const Results& results) {
  const auto tm = [](const PairResult& result) { return result.tm; };
  const auto best = [](const PairResult& result) { return result.best_tm; };
  const auto is_deceived = [](const PairResult& result) {
    return result.predicted_tm >= confident && result.is_mirrored();
  };
  std::vector<Bar> bars;
  const std::string deep_set = fmt::format("{} with Neff/√L ≥ 50", count_if(results, is_deep));
  bars.push_back({"TM-score of model 1, " + deep_set, mean(results, is_deep, tm), "1", 0.53, 0.62,
                  false, study, 0.528});
  bars.push_back({fmt::format("TM-score of model 1, all {}", results.size()),
                  mean(results, any, tm), "1", 0.52, 0.60, false, study, 0.516});
  bars.push_back({"best of five above model 1", mean(results, any, best) - mean(results, any, tm),
                  "1", 0.03, 0.03, false, study, 0.031});
  bars.push_back({"TM-score of model 1 at least 0.5",
                  1.0 * count_if(results, [](const auto& r) { return r.tm >= 0.5; }),
                  "proteins",
                  {},
                  {},
                  false,
                  study,
                  18});
  bars.push_back({"mirror images, all",
                  1.0 * count_if(results, [](const auto& r) { return r.is_mirrored(); }),
                  "proteins"});
  bars.push_back({"mirror images with a predicted TM-score of at least 0.5",
                  1.0 * count_if(results, is_deceived), "proteins", 0.0, 0.0, true});
  return bars;
}

std::vector<Bar> confidence_bars(const Results& results) {
  std::vector<double> predicted, measured;
  for (const PairResult& result : results) {
    if (!is_folded(result)) continue;
    predicted.push_back(result.predicted_tm);
    measured.push_back(result.tm);
  }
  const auto error = [](const PairResult& r) { return std::abs(r.predicted_tm - r.tm); };
  const auto off = [](const PairResult& r) { return r.lddt.difference; };
  std::vector<Bar> bars;
  bars.push_back({"correlation of predicted with true TM-score", correlation(predicted, measured),
                  "1", 0.7, 0.7, false, study, 0.52});
  bars.push_back({"mean error of the predicted TM-score",
                  mean(results, is_folded, error),
                  "1",
                  {},
                  {},
                  true,
                  study,
                  0.092});
  bars.push_back(
      {"mean distance of pLDDT from lDDT", mean(results, is_folded, off), "1", 12.0, 12.0, true});
  return bars;
}

std::vector<Bar> refinement_bars(const Results& results) {
  const auto refined = [](const PairResult& r) { return r.refined_tm.has_value(); };
  if (count_if(results, refined) == 0) return {};
  const auto change = [](const PairResult& r) { return *r.refined_tm - r.tm; };
  return {{"change of the TM-score by refinement", mean(results, refined, change), "1", -0.005,
           -0.005}};
}

// The folded protein that `better` prefers, or nullptr.
const PairResult* pick(const Results& results, const Choice& choice, const Figure& figure) {
  const PairResult* best = nullptr;
  for (const PairResult& result : results) {
    if (!is_folded(result) || !choice(result)) continue;
    if (best == nullptr || figure(result) > figure(*best)) best = &result;
  }
  return best;
}

double rows_of(const PairResult& result) { return result.pair->rows; }

// By the words that the predictor reports: what neither couplings nor folding is, is networks.
double seconds_of(const PairResult& result, const std::string& part) {
  double sum = 0;
  for (const auto& [name, seconds] : result.seconds) {
    const bool couplings = name == "couplings" || name == "weighing rows";
    const std::string kind = couplings ? "couplings" : name == "folding" ? "folding" : "networks";
    sum += kind == part ? seconds : 0;
  }
  return sum;
}

}  // namespace

std::vector<Bar> potts_bars(const Results& results) {
  std::vector<Bar> bars;
  for (const auto& group : {contact_bars(results), fold_bars(results), confidence_bars(results),
                            refinement_bars(results)})
    bars.insert(bars.end(), group.begin(), group.end());
  return bars;
}

std::vector<Bar> time_bars(const Results& results, int starts, int steps) {
  std::vector<Bar> bars;
  const auto middle = [](const PairResult& r) {
    return std::abs(r.pair->length() - 150) <= 10 && r.pair->rows >= 2000;
  };
  const double share = 24.0 * 400.0 / (static_cast<double>(starts) * steps);
  if (const PairResult* r = pick(results, middle, rows_of)) {
    const std::string of = fmt::format(", {} residues, {} rows", r->pair->length(), r->pair->rows);
    bars.push_back({"couplings" + of, seconds_of(*r, "couplings"), "s", 10.0, 10.0, true});
    bars.push_back({"networks" + of, seconds_of(*r, "networks"), "s", 5.0, 5.0, true});
    bars.push_back(
        {"folding, 24 × 400 steps" + of, share * seconds_of(*r, "folding"), "s", 20.0, 20.0, true});
    bars.push_back(
        {"peak memory" + of, static_cast<double>(r->peak_bytes) / 1e9, "GB", 3.0, 3.0, true});
  }
  const auto is_long = [](const PairResult& r) { return r.pair->length() >= 230; };
  const auto length = [](const PairResult& r) { return 1.0 * r.pair->length(); };
  if (const PairResult* r = pick(results, is_long, length))
    bars.push_back({fmt::format("all, {} residues", r->pair->length()), r->all_seconds, "s", 60.0,
                    60.0, true});
  const auto many = [](const PairResult& r) { return r.pair->rows >= 30'000; };
  if (const PairResult* r = pick(results, many, rows_of))
    bars.push_back(
        {fmt::format("all, {} rows", r->pair->rows), r->all_seconds, "s", 120.0, 120.0, true});
  return bars;
}

}  // namespace foldstream::bench
