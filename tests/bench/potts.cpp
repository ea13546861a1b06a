#include "areas.hpp"
#include "bars.hpp"
#include "draw_pairs.hpp"
#include "pair_table.hpp"
#include "tm_program.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <thread>

namespace foldstream::bench {
namespace {

struct PottsArguments {
  std::string pairs = "../shared/data/pairs";
  std::vector<std::string> names;
  std::string out;
  std::string picture;
  std::string weights;
  std::vector<std::string> terms;
  std::string couplings = "mean-field";
  workflows::predict::PredictOptions predict;
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  bool in_turn = false;
  bool refine = false;
};

// The two shortest proteins, few trajectories.
void make_quick(std::vector<Pair>& pairs, PottsArguments& arguments) {
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.length() < b.length(); });
  pairs.resize(std::min<std::size_t>(pairs.size(), 2));
  arguments.predict.starts = 16;
  arguments.predict.steps = 60;
  arguments.predict.max_rows = 1000;
}

// "theta=0" and the like.
std::map<std::string, double> read_terms(const std::vector<std::string>& texts) {
  std::map<std::string, double> terms;
  for (const std::string& text : texts) {
    const std::size_t sign = text.find('=');
    double value = 0;
    if (sign == std::string::npos || !CLI::detail::lexical_cast(text.substr(sign + 1), value))
      throw Error(ErrorKind::InvalidArgument, "--term " + text + ": expected NAME=NUMBER.");
    terms[text.substr(0, sign)] = value;
  }
  return terms;
}

// Indices, the most work first, so that no long one is left for the end.
std::vector<std::size_t> by_work(const std::vector<Pair>& pairs) {
  std::vector<std::size_t> order(pairs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return pairs[a].length() > pairs[b].length();
  });
  return order;
}

void announce(const PairResult& result, std::size_t done, std::size_t all) {
  const std::string name = result.pair->query.name;
  std::fprintf(stderr, "%s\n",
               (result.failure.empty()
                    ? fmt::format("{}/{} {}: TM {:.3f}, predicted {:.2f}, {:.0f} s", done, all,
                                  name, result.tm, result.predicted_tm, result.all_seconds)
                    : fmt::format("{}/{} {}: {}", done, all, name, result.failure))
                   .c_str());
}

std::vector<PairResult> fold_all(const std::vector<Pair>& pairs, const PottsArguments& arguments) {
  FoldOptions options;
  options.predict = arguments.predict;
  options.predict.couplings = workflows::predict::parse_couplings(arguments.couplings);
  options.predict.weights = arguments.weights;
  options.predict.terms = read_terms(arguments.terms);
  options.refine = arguments.refine;
  options.out = arguments.out;
  const int side_by_side =
      arguments.in_turn ? 1 : std::min(arguments.threads, static_cast<int>(pairs.size()));
  Context outer, inner;
  outer.threads = side_by_side;
  inner.threads = std::max(1, arguments.threads / side_by_side);
  const std::vector<std::size_t> order = by_work(pairs);
  std::vector<PairResult> results(pairs.size());
  std::mutex mutex;
  std::size_t done = 0;
  parallel_for(outer, static_cast<int>(pairs.size()), [&](int k) {
    const std::size_t index = order[static_cast<std::size_t>(k)];
    results[index] = fold_pair(pairs[index], options, inner);
    const std::scoped_lock lock(mutex);
    announce(results[index], ++done, pairs.size());
  });
  return results;
}

void print(const std::vector<PairResult>& results, const PottsArguments& arguments, bool json) {
  std::vector<Bar> bars = potts_bars(results);
  if (arguments.in_turn) {
    const auto times = time_bars(results, arguments.predict.starts, arguments.predict.steps);
    bars.insert(bars.end(), times.begin(), times.end());
  }
  if (json) {
    fmt::print("{}{}", format_pairs_json(results), format_bars_json(bars, "potts"));
    return;
  }
  fmt::print("{}\n{}\n", format_pairs(results), format_bars(bars, "study"));
  if (!arguments.in_turn)
    fmt::print("Bars on time are judged with --in-turn --threads 2 only.\n\n");
  fmt::print("{}", format_times(results));
}

void run(PottsArguments arguments, const AreaOptions& shared) {
  std::vector<Pair> pairs = read_pairs(arguments.pairs, arguments.names);
  if (shared.quick) make_quick(pairs, arguments);
  if (pairs.empty())
    throw Error(ErrorKind::NotFound, "no protein to fold in '" + arguments.pairs + "'.");
  if (!has_tm_program())
    std::fprintf(stderr, "the program TMscore is absent (Debian: tm-align); scores are our own.\n");
  const std::vector<PairResult> results = fold_all(pairs, arguments);
  const auto failed = [](const PairResult& result) { return !result.failure.empty(); };
  if (std::all_of(results.begin(), results.end(), failed))
    throw Error(ErrorKind::Task, "no protein could be folded: " + results.front().failure);
  if (!arguments.picture.empty()) io::write_file_atomically(arguments.picture, draw_pairs(results));
  print(results, arguments, shared.json);
}

void add_predictor_options(CLI::App& command, PottsArguments& arguments) {
  const auto at_least_one = CLI::Range(1, 1'000'000);
  command.add_option("--seed", arguments.predict.seed, "the same seed repeats every figure")
      ->capture_default_str();
  command.add_option("--starts", arguments.predict.starts, "folding trajectories")
      ->capture_default_str()
      ->check(at_least_one);
  command.add_option("--steps", arguments.predict.steps, "of each trajectory")
      ->capture_default_str()
      ->check(at_least_one);
  command.add_option("--max-rows", arguments.predict.max_rows, "of an alignment")
      ->capture_default_str()
      ->check(at_least_one);
  command.add_option("--couplings", arguments.couplings, "mean-field or plm")
      ->capture_default_str();
  command.add_option("--weights", arguments.weights,
                     "folder of the networks' weights; default: the built-in");
  command.add_option(
      "--term", arguments.terms,
      "weight of a term of the folding energy, NAME=VALUE; 0 leaves it out; repeatable");
}

}  // namespace

void add_potts(CLI::App& app, const AreaOptions& shared) {
  CLI::App* command =
      app.add_subcommand("potts", "folds proteins of known structure from their alignments");
  const auto arguments = std::make_shared<PottsArguments>();
  const auto at_least_one = CLI::Range(1, 1'000'000);
  command->add_option("--pairs", arguments->pairs, "folder of proteins")->capture_default_str();
  command->add_option("--names", arguments->names, "only these, a,b,c")->delimiter(',');
  add_predictor_options(*command, *arguments);
  command->add_option("--threads", arguments->threads, "threads in all")
      ->capture_default_str()
      ->check(at_least_one);
  command->add_flag("--in-turn", arguments->in_turn,
                    "one protein after the other with all threads, to judge times");
  command->add_flag("--refine", arguments->refine, "also refine model 1 to all atoms");
  command->add_option("--out", arguments->out, "folder for the models");
  command->add_option("--picture", arguments->picture, "SVG file of contact maps and TM-scores");
  command->callback([arguments, &shared] { run(*arguments, shared); });
}

}  // namespace foldstream::bench
