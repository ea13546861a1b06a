#include "folding.hpp"
#include "random.hpp"

#include <cmath>
#include <numbers>

namespace foldstream::workflows::predict {
namespace {

constexpr double background = 0.03;     // share of the protein's mean in each residue's states
constexpr double proline_phi = -1.134;  // −65°: the ring leaves no choice
constexpr double proline_kappa = 20;

/// ln of 2π e^−κ I₀(κ), the integral of exp(κ (cos x − 1)).
double log_integral(double kappa) {
  return std::log(2 * std::numbers::pi * std::cyl_bessel_i(0, kappa)) - kappa;
}

StateProbabilities mean_states(const std::vector<StateProbabilities>& states) {
  StateProbabilities mean{};
  for (const StateProbabilities& p : states) {
    for (std::size_t s = 0; s < local_states; ++s) {
      mean[s] += p[s] / static_cast<float>(states.size());
    }
  }
  return mean;
}

std::array<TorsionComponent, local_states> components_of(char residue) {
  auto components = torsion_components();
  if (residue == 'P') {
    for (TorsionComponent& component : components) {
      component.mean[0] = proline_phi;
      component.kappa[0] = proline_kappa;
    }
  }
  return components;
}

}  // namespace

TorsionMixture torsion_mixture(const FoldingInput& input) {
  const StateProbabilities mean = mean_states(input.states);
  TorsionMixture mixture;
  mixture.residues.resize(input.states.size());
  for (std::size_t i = 0; i < input.states.size(); ++i) {
    const auto components = components_of(input.residues[i]);
    for (std::size_t s = 0; s < local_states; ++s) {
      const double p = (1 - background) * input.states[i][s] + background * mean[s] + 1e-6;
      TorsionMixture::Component& own = mixture.residues[i][s];
      own.mean = components[s].mean;
      own.kappa = components[s].kappa;
      own.log_weight = std::log(p) - log_integral(own.kappa[0]) - log_integral(own.kappa[1]);
    }
  }
  return mixture;
}

std::vector<double> draw_torsions(const FoldingInput& input, std::uint64_t seed,
                                  std::uint64_t stream) {
  Random random(seed, stream);
  std::vector<double> torsions;
  for (std::size_t i = 0; i < input.states.size(); ++i) {
    StateProbabilities sharpened = input.states[i];
    for (float& p : sharpened) p = std::pow(p, 1.5F);
    const std::size_t state = random.choose(std::span<const float>(sharpened));
    const TorsionComponent component = components_of(input.residues[i])[state];
    for (std::size_t angle = 0; angle < 2; ++angle) {
      const double spread = 1 / std::sqrt(component.kappa[angle]);
      torsions.push_back(component.mean[angle] + spread * random.normal());
    }
  }
  return torsions;
}

}  // namespace foldstream::workflows::predict
