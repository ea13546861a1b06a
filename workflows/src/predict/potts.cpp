#include "distances.hpp"
#include "folding.hpp"
#include "models.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/predict/predictor.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>

#include <algorithm>
#include <cmath>
#include <string>

namespace foldstream::workflows::predict {
namespace {

constexpr double pseudocount = 0.5;
constexpr double least_neff = 10;

std::string gigabytes(std::size_t bytes) {
  std::string text = std::to_string(static_cast<double>(bytes) / 1e9);
  return text.substr(0, text.find('.') + 2) + " GB";
}

/// Shares the progress of a task among its parts.
Context part_of(const Context& whole, double from, double to) {
  Context part = whole;
  if (whole.progress) {
    part.progress = [&whole, from, to](double fraction, std::string_view what) {
      whole.progress(from + fraction * (to - from), what);
    };
  }
  return part;
}

void check_match(const PredictInput& input) {
  if (input.msa.rows.empty()) return;
  std::string query = io::aligned(input.msa.rows.front());
  std::transform(query.begin(), query.end(), query.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (query != input.sequence.residues) {
    throw Error(ErrorKind::InvalidArgument, "the first row of the alignment is not the sequence '" +
                                                input.sequence.name + "' (" +
                                                std::to_string(query.size()) + " columns, " +
                                                std::to_string(input.sequence.length()) +
                                                " residues). Put the query first, without gaps.");
  }
}

std::string residues_of(const io::Sequence& sequence) {
  return "'" + sequence.name + "' has " + std::to_string(sequence.length()) +
         (sequence.length() == 1 ? " residue" : " residues");
}

void check_size(const PredictInput& input, const PredictOptions& options, std::size_t bytes) {
  if (input.sequence.length() < static_cast<std::size_t>(shortest_chain)) {
    throw Error(ErrorKind::InvalidArgument, residues_of(input.sequence) +
                                                "; the potts predictor folds chains of " +
                                                std::to_string(shortest_chain) + " and more.");
  }
  if (bytes > options.memory) {
    throw Error(ErrorKind::Resources, residues_of(input.sequence) + "; its couplings need " +
                                          gigabytes(bytes) + " of memory, the limit is " +
                                          gigabytes(options.memory) +
                                          ". Fold its domains one by one.");
  }
}

void check_depth(const Alignment& alignment) {
  if (alignment.neff >= least_neff) return;
  const std::string rows =
      std::to_string(alignment.rows) + (alignment.rows == 1 ? " sequence" : " sequences");
  throw Error(ErrorKind::InvalidArgument,
              "the alignment has " + rows + " (" + std::to_string(std::lround(alignment.neff)) +
                  " effective); couplings need at least " +
                  std::to_string(static_cast<int>(least_neff)) +
                  " effective sequences, and some hundred for a good model. Search a larger "
                  "database or give a deeper alignment.");
}

int count_contacts(const DistanceMap& distances) {
  return static_cast<int>(std::count_if(
      distances.pairs.begin(), distances.pairs.end(),
      [](const auto& pair) { return pair.j - pair.i >= 6 && pair.contact() > 0.5F; }));
}

void add_warnings(const Alignment& alignment, PredictResult& result) {
  const double length = alignment.columns;
  if (alignment.neff < length / 4) {
    result.warnings.push_back(
        "the alignment is shallow: " + std::to_string(std::lround(alignment.neff)) +
        " effective sequences for " + std::to_string(alignment.columns) +
        " residues; expect a wrong fold.");
  }
  if (result.contacts_kept < alignment.columns / 2) {
    result.warnings.push_back("only " + std::to_string(result.contacts_kept) +
                              " contacts are likely for " + std::to_string(alignment.columns) +
                              " residues; the models are little more than a guess.");
  }
}

class PottsPredictor : public Predictor {
 public:
  explicit PottsPredictor(const PredictOptions& options) : options_(options) {}

  std::string_view name() const override { return "potts"; }

  PredictCost estimate(std::size_t length, std::size_t rows) const override {
    const auto l = static_cast<double>(length);
    const auto n = static_cast<double>(std::min(rows, static_cast<std::size_t>(options_.max_rows)));
    const double pairs = l * l / 2;
    const double coupling =
        1.1e-10 * std::pow(20 * l, 3) / 3 + 2e-9 * n * l * l + 2e-10 * n * n * l;
    const double folding = 1.2e-8 * pairs * options_.starts * options_.steps;
    return {1 + coupling + folding, mean_field_bytes(length) + 300'000'000};
  }

  PredictResult predict(const PredictInput& input, const Context& context) const override;

 private:
  PredictOptions options_;
};

PredictResult PottsPredictor::predict(const PredictInput& input, const Context& context) const {
  check_torch();
  check_size(input, options_, estimate(input.sequence.length(), input.msa.rows.size()).bytes);
  check_match(input);
  context.report(0, "couplings");
  const Alignment alignment = read_alignment(input.msa, options_.max_rows, context);
  check_depth(alignment);
  const PairMap z = coupling_scores(invert(alignment, pseudocount, context));
  const std::vector<StateProbabilities> states = predict_states(alignment, compressed(z));
  context.report(0.2, "distances");
  const DistanceMap distances = predict_distances({z, states, alignment}, context);
  const FoldingInput folding{input.sequence.residues, make_potentials(distances), states};
  FoldingOptions options;
  options.seed = options_.seed;
  options.groups = (options_.starts + group_size - 1) / group_size;
  options.steps = options_.steps;
  const auto trajectories = fold(folding, options, part_of(context, 0.25, 0.97));
  PredictResult result;
  result.contacts = contact_map(z, distances);
  result.contacts_kept = count_contacts(distances);
  result.neff = alignment.neff;
  result.prediction.predictor = name();
  result.prediction.models =
      choose_models(input.sequence, distances, trajectories, options_.models, context);
  add_warnings(alignment, result);
  context.report(1, "done");
  return result;
}

}  // namespace

std::unique_ptr<Predictor> make_potts(const PredictOptions& options) {
  const auto require = [](bool good, const std::string& message) {
    if (!good) throw Error(ErrorKind::InvalidArgument, message);
  };
  require(options.models >= 1, "models must be at least 1.");
  require(options.starts >= 1, "starts must be at least 1.");
  require(options.steps >= 20, "steps must be at least 20.");
  require(options.max_rows >= 1, "max_rows must be at least 1.");
  return std::make_unique<PottsPredictor>(options);
}

}  // namespace foldstream::workflows::predict
