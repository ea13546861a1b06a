#include "statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace foldstream::workflows::search {
namespace {

// gapped BLOSUM62 with gaps of cost 11 + k, half bits [NCBI BLAST]
constexpr double gapped_lambda = 0.267;
constexpr double alpha_over_lambda = 1.9 / 0.267;
constexpr double beta = -30.0;

/// A random token with background frequencies from 64 random bits, the same on every platform.
std::uint8_t draw(std::uint64_t bits) {
  double rest = static_cast<double>(bits >> 11) * 0x1p-53;
  for (std::uint8_t a = 0; a < 19; ++a) {
    rest -= background()[a];
    if (rest < 0) return a;
  }
  return 19;
}

}  // namespace

double length_adjustment(double m, SearchSpace space, double k) {
  const auto n = static_cast<double>(space.residues);
  const auto count = static_cast<double>(space.sequences);
  double low = 0, high = std::max(0.0, std::min(m - 1, count > 0 ? n / count - 1 : 0.0));
  for (int round = 0; round < 60; ++round) {
    const double l = (low + high) / 2;
    const double expected = alpha_over_lambda * std::log(k * (m - l) * (n - count * l)) + beta;
    (l <= expected ? low : high) = l;
  }
  return low;
}

Statistics::Statistics(const Profile& profile, SearchSpace space, double k)
    : lambda_(gapped_lambda / profile.scale), k_(k) {
  // Half-way between the length expected against one sequence, under which K is fitted, and that in
  // the space of the whole database: with the first alone decoys come half as often as they should,
  // with the second three times as often (reversed and shuffled decoys, 100 SCOPe domains).
  const SearchSpace one = {.residues = space.residues / std::max<std::uint64_t>(1, space.sequences),
                           .sequences = 1};
  const double l =
      (length_adjustment(profile.length, one, k) + length_adjustment(profile.length, space, k)) / 2;
  const double m = std::max(1.0, profile.length - l);
  const double n =
      std::max(1.0, static_cast<double>(space.residues) - static_cast<double>(space.sequences) * l);
  log_space_ = std::log(k * m * n);
}

double Statistics::evalue(double score) const { return std::exp(log_space_ - lambda_ * score); }

double Statistics::bits(double score) const {
  return (lambda_ * score - std::log(k_)) / std::log(2.0);
}

double Statistics::score_at(double evalue) const {
  return (log_space_ - std::log(evalue)) / lambda_;
}

double fitted_k(const Profile& profile, const Kernel& kernel) {
  constexpr int samples = 400;
  constexpr std::size_t length = 300;
  std::mt19937_64 random(20210715);
  const double lambda = gapped_lambda / profile.scale;
  std::vector<std::uint8_t> sequence(length);
  double sum = 0;
  for (int i = 0; i < samples; ++i) {
    for (std::uint8_t& token : sequence) token = draw(random());
    sum += std::exp(-lambda * kernel.score(sequence).score);
  }
  // P(S ≥ x) = 1 − exp(−K m n e^(−λx)): the maximum likelihood of K m n is 1 over the mean
  const double expected_space = samples / sum;
  double k = 0.041;
  for (int round = 0; round < 5; ++round) {
    const double l = length_adjustment(profile.length, {.residues = length, .sequences = 1}, k);
    k = std::clamp(expected_space / ((profile.length - l) * (length - l)), 0.01, 2.0);
  }
  return k;
}

CompositionCorrection::CompositionCorrection(const Profile& profile) {
  const auto [least, most] = std::minmax_element(profile.scores.begin(), profile.scores.end());
  lowest_ = *least;
  levels_ = *most - *least + 1;
  histogram_.assign(20 * static_cast<std::size_t>(levels_), 0.0);
  for (int i = 0; i < profile.length; ++i) {
    const auto row = profile.row(i);
    for (std::size_t a = 0; a < 20; ++a) {
      const auto level = static_cast<std::size_t>(row[a] - lowest_);
      histogram_[a * static_cast<std::size_t>(levels_) + level] += 1.0 / profile.length;
    }
  }
  standard_ = lambda_of(background());
}

double CompositionCorrection::lambda_of(std::span<const double> frequencies) const {
  std::vector<double> probability(static_cast<std::size_t>(levels_), 0.0);
  double mean = 0;
  for (std::size_t a = 0; a < 20; ++a) {
    for (std::size_t s = 0; s < probability.size(); ++s) {
      probability[s] += frequencies[a] * histogram_[a * probability.size() + s];
    }
  }
  for (std::size_t s = 0; s < probability.size(); ++s) {
    mean += probability[s] * (lowest_ + static_cast<int>(s));
  }
  if (mean >= 0) return 0;  // such a target scores at random: nothing it scores is news
  // Σ p(s) exp(λ s) = 1 has one positive root; the sum is convex and starts below 1
  double low = 0, high = 4;
  for (int round = 0; round < 30; ++round) {
    const double lambda = (low + high) / 2, step = std::exp(lambda);
    double power = std::exp(lambda * lowest_), sum = 0;
    for (const double p : probability) {
      sum += p * power;
      power *= step;
    }
    (sum < 1 ? low : high) = lambda;
  }
  return low;
}

double CompositionCorrection::factor(std::span<const std::uint8_t> target) const {
  std::array<double, 20> frequency = {};
  double known = 0;
  for (const std::uint8_t token : target) {
    if (token < 20) ++frequency[token], ++known;
  }
  if (known == 0 || standard_ == 0) return 1;
  for (double& value : frequency) value /= known;
  return std::clamp(lambda_of(frequency) / standard_, 0.5, 1.0);
}

}  // namespace foldstream::workflows::search
