#include "pair_table.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <set>

namespace foldstream::bench {
namespace {

std::string both(const Precision& precision) {
  return fmt::format("{:.2f} {:.2f}", precision.fifth, precision.all);
}

std::string refined(const PairResult& result) {
  return result.refined_tm ? fmt::format("{:.3f}", *result.refined_tm) : "";
}

std::string notes(const PairResult& result) {
  if (!result.failure.empty()) return "refused: " + result.failure;
  return result.is_mirrored() ? "mirror image" : "";
}

std::set<std::string> parts_of(const std::vector<PairResult>& results) {
  std::set<std::string> parts;
  for (const PairResult& result : results)
    for (const auto& [part, seconds] : result.seconds) parts.insert(part);
  return parts;
}

}  // namespace

std::string format_pairs(const std::vector<PairResult>& results) {
  std::string text = fmt::format(
      "| {:<13} | {:>3} | {:>7} | {:<10} | {:<9} | {:<10} | {:<9} | {:>5} | {:>5} | {:>5} | {:>5} "
      "| {:>5} | {:>5} | {:>4} | {:>4} | {:>4} | {} |\n",
      "protein", "L", "Neff/√L", "class", "network", "mean field", "MI", "TM 1", "best", "ref.",
      "pred.", "mirr.", "error", "pLD", "lD", "diff", "");
  text += "|---|--:|--:|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|\n";
  for (const PairResult& r : results) {
    text += fmt::format(
        "| {:<13} | {:>3} | {:>7.0f} | {:<10} | {:<9} | {:<10} | {:<9} | {:>5.3f} | {:>5.3f} | "
        "{:>5} | {:>5.2f} | {:>5.2f} | {:>5.2f} | {:>4.0f} | {:>4.0f} | {:>4.1f} | {} |\n",
        r.pair->query.name, r.pair->length(), r.pair->depth, r.pair->fold_class, both(r.network),
        both(r.mean_field), both(r.information), r.tm, r.best_tm, refined(r), r.predicted_tm,
        r.mirror_tm, r.predicted_tm - r.tm, r.lddt.plddt, r.lddt.lddt, r.lddt.difference, notes(r));
  }
  return text +
         "\nPrecisions are of the top L/5 and the top L pairs (|i−j| ≥ 6, Cβ < 8 Å); TM 1 is "
         "model 1, best the best of\nfive, ref. model 1 after refinement, pred. the "
         "prediction of TM 1, mirr. the mirror image of model 1.\n";
}

std::string format_times(const std::vector<PairResult>& results) {
  const std::set<std::string> parts = parts_of(results);
  std::string text = fmt::format("| {:<13} | {:>3} | {:>6} ", "protein", "L", "rows");
  std::string rule = "|---|--:|--:";
  for (const std::string& part : parts) {
    text += fmt::format("| {:>12} ", part + " s");
    rule += "|--:";
  }
  text += fmt::format("| {:>6} | {:>7} |\n{}|--:|--:|\n", "all s", "peak GB", rule);
  for (const PairResult& r : results) {
    text += fmt::format("| {:<13} | {:>3} | {:>6} ", r.pair->query.name, r.pair->length(),
                        r.pair->rows);
    for (const std::string& part : parts) {
      const auto found = r.seconds.find(part);
      text += fmt::format("| {:>12.2f} ", found == r.seconds.end() ? 0.0 : found->second);
    }
    text += fmt::format("| {:>6.1f} | {:>7.2f} |\n", r.all_seconds,
                        static_cast<double>(r.peak_bytes) / 1e9);
  }
  return text;
}

std::string format_pairs_json(const std::vector<PairResult>& results) {
  std::string text;
  for (const PairResult& r : results) {
    nlohmann::ordered_json line = {
        {"bench", "potts"},
        {"name", r.pair->query.name},
        {"length", r.pair->length()},
        {"rows", r.pair->rows},
        {"neff_over_root_length", r.pair->depth},
        {"class", r.pair->fold_class},
        {"network_precision", {r.network.fifth, r.network.all}},
        {"mean_field_precision", {r.mean_field.fifth, r.mean_field.all}},
        {"mutual_information_precision", {r.information.fifth, r.information.all}},
        {"tm", r.tm},
        {"best_tm", r.best_tm},
        {"mirror_tm", r.mirror_tm},
        {"predicted_tm", r.predicted_tm},
        {"plddt", r.lddt.plddt},
        {"lddt", r.lddt.lddt},
        {"plddt_difference", r.lddt.difference},
        {"seconds", r.seconds},
        {"all_seconds", r.all_seconds},
        {"peak_bytes", r.peak_bytes},
        {"warnings", r.warnings}};
    if (r.refined_tm) line["refined_tm"] = *r.refined_tm;
    if (!r.failure.empty()) line["failure"] = r.failure;
    text += line.dump() + '\n';
  }
  return text;
}

}  // namespace foldstream::bench
