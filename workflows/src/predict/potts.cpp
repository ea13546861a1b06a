#include "doubts.hpp"
#include "folding.hpp"
#include "models.hpp"
#include "plm.hpp"
#include "trajectory_store.hpp"
#include "weights.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/predict/predictor.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>

#include <algorithm>
#include <cmath>
#include <string>

namespace foldstream::workflows::predict {
namespace {

constexpr double pseudocount = 0.5;

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

int count_contacts(const DistanceMap& distances) {
  return static_cast<int>(std::count_if(
      distances.pairs.begin(), distances.pairs.end(),
      [](const auto& pair) { return pair.j - pair.i >= 6 && pair.contact() > 0.5F; }));
}

io::ContactMap contact_map(const PairMap& z, const DistanceMap& distances) {
  io::ContactMap map;
  map.length = z.length;
  map.score.assign(z.values.size(), 0);
  map.probability.assign(z.values.size(), 0);
  for (const DistanceMap::Pair& pair : distances.pairs) {
    for (const auto& [i, j] : {std::pair(pair.i, pair.j), std::pair(pair.j, pair.i)}) {
      const auto at = static_cast<std::size_t>(i) * static_cast<std::size_t>(z.length) +
                      static_cast<std::size_t>(j);
      map.score[at] = z.at(i, j);
      map.probability[at] = pair.contact();
    }
  }
  return map;
}

/// Tells the user at once: a hopeless fold can be cancelled before it has cost anything.
void warn(std::string message, const Context& context, PredictResult& result) {
  context.warning(message);
  result.warnings.push_back(std::move(message));
}

/// What the couplings say before folding.
void check_contacts(const Context& context, PredictResult& result) {
  const int length = result.contacts.length;
  if (result.contacts_kept >= length / 2) return;
  warn("only " + std::to_string(result.contacts_kept) + " contacts are likely for " +
           std::to_string(length) + " residues; the models are little more than a guess.",
       context, result);
}

class PottsPredictor : public Predictor {
 public:
  explicit PottsPredictor(const PredictOptions& options) : options_(options) {}

  std::string_view name() const override { return "potts"; }

  PredictCost estimate(std::size_t length, std::size_t rows) const override {
    const auto l = static_cast<double>(length);
    const auto n = static_cast<double>(std::min(rows, static_cast<std::size_t>(options_.max_rows)));
    const double pairs = l * l / 2;
    const double weighing = 5e-11 * n * n * l;
    const double coupling = is_mean_field() ? 2e-11 * std::pow(20 * l, 3) + 8e-10 * n * l * l
                                            : 3.5e-9 * PlmOptions{}.passes * n * l * l;
    const double folding = 1.2e-8 * pairs * options_.starts * options_.steps;
    constexpr int threads = 16;  // nobody has said yet how many; each adds little
    const std::size_t bytes =
        is_mean_field() ? mean_field_bytes(length) : plm_bytes(length, threads);
    const double networks = 1 + 0.014 * l + 8e-6 * l * l;
    return {networks + weighing + coupling + folding,
            bytes + static_cast<std::size_t>(n * (5 * l + 100)) + 300'000'000};
  }

  PredictResult predict(const PredictInput& input, const Context& context) const override;

 private:
  bool is_mean_field() const { return options_.couplings == Couplings::MeanField; }

  /// Warns of what the alignment does not give.
  PairMap read_couplings(const PredictInput& input, const Context& context,
                         PredictResult& result) const;
  FoldingInput read_distances(const PredictInput& input, const PairMap& z, const Context& context,
                              PredictResult& result) const;

  PredictOptions options_;
};

PairMap PottsPredictor::read_couplings(const PredictInput& input, const Context& context,
                                       PredictResult& result) const {
  context.report(0, "couplings");
  const Alignment alignment =
      read_alignment(input.msa, options_.max_rows, part_of(context, 0, 0.5));
  check_depth(alignment);
  result.neff = alignment.neff;
  const Repeats repeats = find_repeats(alignment);
  for (const std::string& doubt : doubts_about(alignment, repeats)) warn(doubt, context, result);
  const Context rest = part_of(context, 0.5, 1);
  PairMap z = is_mean_field() ? coupling_scores(invert(alignment, pseudocount, rest))
                              : plm_scores(alignment, {}, rest);
  mask_repeats(repeats, z);
  return z;
}

FoldingInput PottsPredictor::read_distances(const PredictInput& input, const PairMap& z,
                                            const Context& context, PredictResult& result) const {
  context.report(0.2, "distances");
  const auto weights = load_weights(options_.weights);
  FoldingInput folding;
  folding.residues = input.sequence.residues;
  folding.local = weights->local(input.msa, context);
  folding.distances = weights->distance(z, input.sequence.residues, folding.local);
  folding.hands = weights->hands;
  result.contacts = contact_map(z, folding.distances);
  result.contacts_kept = count_contacts(folding.distances);
  check_contacts(context, result);
  return folding;
}

PredictResult PottsPredictor::predict(const PredictInput& input, const Context& context) const {
  check_torch();
  check_size(input, options_, estimate(input.sequence.length(), input.msa.rows.size()).bytes);
  check_match(input);
  PredictResult result;
  const PairMap z = read_couplings(input, part_of(context, 0, 0.2), result);
  const FoldingInput folding = read_distances(input, z, context, result);
  context.report(0.25, "folding");
  FoldingOptions options;
  options.seed = options_.seed;
  options.groups = (options_.starts + group_size - 1) / group_size;
  options.steps = options_.steps;
  set_terms(options_.terms, options);
  const TrajectoryStore store(context, input.sequence.length());
  store.connect(options);
  const auto trajectories = fold(folding, options, part_of(context, 0.25, 0.97));
  result.prediction.predictor = name();
  result.prediction.models =
      choose_models(input.sequence, folding.distances, trajectories, options_.models, context);
  context.report(1, "done");
  return result;
}

}  // namespace

std::string_view to_string(Couplings couplings) {
  return couplings == Couplings::MeanField ? "mean-field" : "plm";
}

Couplings parse_couplings(std::string_view text) {
  const std::vector<std::string> known = {"mean-field", "plm"};
  if (text == known[0]) return Couplings::MeanField;
  if (text == known[1]) return Couplings::PseudoLikelihood;
  throw Error(ErrorKind::InvalidArgument, "there are no couplings '" + std::string(text) + "'." +
                                              did_you_mean(text, known) +
                                              " Known: mean-field, plm.");
}

std::unique_ptr<Predictor> make_potts(const PredictOptions& options) {
  const auto require = [](bool good, const std::string& message) {
    if (!good) throw Error(ErrorKind::InvalidArgument, message);
  };
  require(options.models >= 1, "models must be at least 1.");
  require(options.starts >= 1, "starts must be at least 1.");
  require(options.steps >= 20, "steps must be at least 20.");
  require(options.max_rows >= 1, "max_rows must be at least 1.");
  FoldingOptions unused;
  set_terms(options.terms, unused);  // refuses unknown ones before anything runs
  return std::make_unique<PottsPredictor>(options);
}

}  // namespace foldstream::workflows::predict
