// Predictor: from an alignment to contacts and models, whatever the method behind it.
#pragma once

#include <foldstream/context.hpp>
#include <foldstream/io/msa.hpp>
#include <foldstream/io/prediction.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace foldstream::workflows::predict {

/// The shortest and the longest chain that is folded, residues.
inline constexpr int shortest_chain = 10;

struct PredictInput {
  io::Sequence sequence;
  io::Msa msa;  ///< first row = `sequence`; weights are computed where they are empty
};

/// What a prediction will take. An estimate from the size of the input alone.
struct PredictCost {
  double seconds = 0;     ///< on one thread of a 3 GHz core
  std::size_t bytes = 0;  ///< peak memory
};

/// How the couplings of an alignment are estimated.
enum class Couplings : std::uint8_t {
  MeanField,         ///< one inversion; seconds
  PseudoLikelihood,  ///< a regression for each column; better contacts, time as rows × length²
};

/// "mean-field", "plm".
std::string_view to_string(Couplings couplings);
/// @throws Error{InvalidArgument} naming the choices and the near miss.
Couplings parse_couplings(std::string_view text);

struct PredictOptions {
  int models = 5;          ///< how many distinct models to keep; ≥ 1
  std::uint64_t seed = 0;  ///< the same seed gives the same bytes
  int starts = 96;         ///< folding trajectories; rounded up to groups of 16
  int steps = 800;         ///< of gradient descent in each trajectory; ≥ 20
  Couplings couplings = Couplings::MeanField;
  int max_rows = 40'000;  ///< of the alignment, in its order; further rows are not read
  std::filesystem::path weights = {};  ///< folder of other weights; empty = the built-in ones
  /// For experiments: weights of terms of the folding in place of the defaults, 0 leaves a term
  /// out. torsion, distance, attraction, sterics, omega, theta, phi, bonds, bridges, crossovers,
  /// hand, staging (fraction of a trajectory), resampling (0 or 1).
  std::map<std::string, double> terms = {};
  std::size_t memory = 4ULL << 30U;  ///< bytes a prediction may take; more is refused
};

struct PredictResult {
  io::ContactMap contacts;
  io::Prediction prediction;
  int contacts_kept = 0;              ///< pairs (|i−j| ≥ 6) more likely in contact than not
  double neff = 0;                    ///< effective sequences that the couplings were fitted to
  std::vector<std::string> warnings;  ///< each a sentence that `context.warn` was told, too
};

/// One method of structure prediction. Thread-safe: `predict` may run on several threads at once.
class Predictor {
 public:
  virtual ~Predictor() = default;

  virtual std::string_view name() const = 0;
  /// For a chain of `length` residues and an alignment of `rows` rows.
  virtual PredictCost estimate(std::size_t length, std::size_t rows) const = 0;
  /// Byte-identical for equal input and options, whatever `context.threads` is. Tells
  /// `context.warn` what is wrong with the input before it folds.
  /// @throws Error{InvalidArgument} if the alignment is not one of this sequence, the chain is too
  ///         short, or there are too few homologs; Error{Resources} if it would need more than the
  ///         memory of the options; Error{Unsupported} without LibTorch; Error{Cancelled}.
  virtual PredictResult predict(const PredictInput& input, const Context& context) const = 0;
};

/// Couplings of a Potts model → distances → folding in torsion space; needs no downloaded weights.
/// @throws Error{InvalidArgument} for an option out of range.
std::unique_ptr<Predictor> make_potts(const PredictOptions& options = {});

/// Tells weights apart: a digest of the files in `folder`, of the built-in ones if it is empty.
/// @throws Error{NotFound, Io} naming the file.
std::string weights_digest(const std::filesystem::path& folder);

}  // namespace foldstream::workflows::predict
