// Gibbs sampling of sequences from a Potts model.
#include "random.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/sequence.hpp>
#include <foldstream/workflows/predict/potts_model.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace foldstream::workflows::predict {
namespace {

constexpr std::size_t residues = 20;
constexpr auto states = static_cast<std::size_t>(potts_states);
constexpr int draws_per_chain = 25;
constexpr int sweeps_between_draws = 10;

/// For each column the others that it is coupled to at all.
std::vector<std::vector<std::size_t>> partners_of(const Potts& model) {
  const auto length = static_cast<std::size_t>(model.length());
  const auto couplings = model.couplings.values<float>();
  std::vector<std::vector<std::size_t>> partners(length);
  for (std::size_t i = 0; i < length; ++i) {
    for (std::size_t j = 0; j < length; ++j) {
      const auto block = couplings.subspan((i * length + j) * states * states, states * states);
      const bool coupled = std::any_of(block.begin(), block.end(), [](float v) { return v != 0; });
      if (coupled) partners[i].push_back(j);
    }
  }
  return partners;
}

class Chain {
 public:
  Chain(const Potts& model, const std::vector<std::vector<std::size_t>>& partners,
        std::uint64_t seed, int index)
      : partners_(partners),
        fields_(model.fields.values<float>()),
        couplings_(model.couplings.values<float>()),
        random_(seed, static_cast<std::uint64_t>(index)),
        sequence_(static_cast<std::size_t>(model.length())) {
    for (auto& residue : sequence_)
      residue = static_cast<std::size_t>(residues * random_.uniform());
  }

  /// One residue after the other is drawn again, given all the others.
  void sweep(double strength) {
    for (std::size_t i = 0; i < sequence_.size(); ++i) sequence_[i] = draw(i, strength);
  }

  std::string letters() const {
    std::string text;
    for (const std::size_t residue : sequence_) text += io::amino_acids[residue];
    return text;
  }

 private:
  std::size_t draw(std::size_t i, double strength) {
    std::array<float, residues> logits;
    std::copy_n(fields_.begin() + static_cast<std::ptrdiff_t>(i * states), residues,
                logits.begin());
    const std::size_t length = sequence_.size();
    for (const std::size_t j : partners_[i]) {
      // J_ji(b, ·) lies contiguous where J_ij(·, b) does not
      const float* row = couplings_.data() + ((j * length + i) * states + sequence_[j]) * states;
      for (std::size_t a = 0; a < residues; ++a) logits[a] += row[a];
    }
    const float top = *std::max_element(logits.begin(), logits.end());
    std::array<double, residues> weights;
    for (std::size_t a = 0; a < residues; ++a) weights[a] = std::exp(strength * (logits[a] - top));
    return random_.choose(std::span<const double>(weights));
  }

  const std::vector<std::vector<std::size_t>>& partners_;
  std::span<const float> fields_;
  std::span<const float> couplings_;
  Random random_;
  std::vector<std::size_t> sequence_;
};

}  // namespace

std::vector<std::string> sample(const Potts& model, int count, std::uint64_t seed,
                                const Context& context, int sweeps) {
  if (count < 0 || sweeps < 1) {
    throw Error(ErrorKind::InvalidArgument, "cannot draw " + std::to_string(count) +
                                                " sequences in " + std::to_string(sweeps) +
                                                " sweeps; give a count ≥ 0 and sweeps ≥ 1.");
  }
  std::vector<std::string> sequences(static_cast<std::size_t>(count));
  const auto partners = partners_of(model);
  const int chains = (count + draws_per_chain - 1) / draws_per_chain;
  parallel_for(context, chains, [&](int index) {
    Chain chain(model, partners, seed, index);
    for (int s = 0; s < sweeps; ++s) {
      context.check_cancelled();
      chain.sweep(std::min(1.0, 0.2 + 1.6 * s / sweeps));  // warm first: fewer dead ends
    }
    const int end = std::min(count, (index + 1) * draws_per_chain);
    for (int k = index * draws_per_chain; k < end; ++k) {
      context.check_cancelled();
      for (int s = 0; s < sweeps_between_draws; ++s) chain.sweep(1);
      sequences[static_cast<std::size_t>(k)] = chain.letters();
    }
  });
  return sequences;
}

}  // namespace foldstream::workflows::predict
