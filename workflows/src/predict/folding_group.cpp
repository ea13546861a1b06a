#include "folding_group.hpp"

#include <algorithm>
#include <numeric>

namespace foldstream::workflows::predict {
namespace {

constexpr double first_rate = 0.06;
constexpr double last_rate = 0.004;
constexpr int noise_interval = 40;
constexpr double first_noise = 0.15;  // radians
constexpr double quiet_from = 0.65;   // fraction of a trajectory after which there is no noise
constexpr double spread_of_copies = 0.15;
constexpr double most_hand = 6;
constexpr double decay1 = 0.9;
constexpr double decay2 = 0.98;

/// One Adam step of an angle.
struct Adam {
  float rate;   // with the correction of the first moment
  float scale;  // correction of the second moment
  FOLDSTREAM_INLINE void operator()(const Lanes& gradient, Lanes& first, Lanes& second,
                                    Lanes& angle) const {
    constexpr auto kept1 = static_cast<float>(decay1);
    constexpr auto kept2 = static_cast<float>(decay2);
    first = kept1 * first + (1 - kept1) * gradient;
    second = kept2 * second + (1 - kept2) * gradient * gradient;
    angle -= rate * first * inverse_root(scale * second + 1e-12F);
  }
};

FOLDSTREAM_WIDE void adam_steps(const Adam& adam, std::span<const Torsions> gradient,
                                std::span<Torsions> first, std::span<Torsions> second,
                                std::span<Torsions> torsions) {
  for (std::size_t i = 0; i < torsions.size(); ++i) {
    adam(gradient[i].phi, first[i].phi, second[i].phi, torsions[i].phi);
    adam(gradient[i].psi, first[i].psi, second[i].psi, torsions[i].psi);
  }
}

}  // namespace

FoldingEnergy::FoldingEnergy(const FoldingInput& input, const FoldingOptions& options)
    : options_(options),
      pairs_(make_potentials(input.distances)),
      orientations_(make_orientations(input.distances, options.orientation)),
      sheets_(make_sheets(input.residues, input.local, input.distances)),
      torsions_(make_torsions(input.local)) {}

Lanes FoldingEnergy::operator()(double fraction, std::span<const Torsions> torsions, Atoms& chains,
                                std::span<Torsions> gradient) const {
  build_chains(torsions, chains);
  const auto f = static_cast<float>(fraction);
  const double reached =
      options_.staging > 0 ? std::pow(std::min(1.0, fraction / options_.staging), 1.5) : 1;
  const int separation = 8 + static_cast<int>(pairs_.length * reached);
  Slope slope(chains.length());
  PairStage stage;
  stage.active_pairs = pairs_.count_within(separation);
  stage.distance = static_cast<float>(options_.distance);
  stage.attraction = static_cast<float>(options_.attraction) * (1 - 0.7F * f);
  add_distances(pairs_, stage, chains, slope);
  add_sterics(static_cast<float>(options_.sterics) * (0.05F + f), chains, slope);
  add_orientations(orientations_, separation, chains, slope);
  SheetStage sheets;
  sheets.bridges = static_cast<float>(options_.bridges);
  sheets.bonds = static_cast<float>(options_.bonds) * std::min(1.0F, 0.2F + 1.6F * f);
  sheets.crossovers = static_cast<float>(options_.crossovers);
  add_sheets(sheets_, sheets, chains, slope);
  torsion_gradient(chains, slope, gradient);
  add_torsions(torsions_, static_cast<float>(options_.torsion), torsions, slope.energy, gradient);
  return slope.energy;
}

FoldingGroup::FoldingGroup(const FoldingInput& input, const FoldingOptions& options,
                           const FoldingEnergy& energy, int index)
    : input_(input),
      options_(options),
      energy_(energy),
      random_(options.seed, 0x67726F7570ULL + static_cast<std::uint64_t>(index)),
      structure_(structure_classes(input.local)),
      torsions_(structure_.size()),
      first_moment_(structure_.size()),
      second_moment_(structure_.size()),
      gradient_(structure_.size()),
      chains_(structure_.size()) {
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    const auto stream = static_cast<std::uint64_t>(index) * lane_count + lane;
    const std::vector<double> start = draw_torsions(input.local, options.seed, stream);
    for (std::size_t i = 0; i < torsions_.size(); ++i) {
      torsions_[i].phi[lane] = static_cast<float>(start[2 * i]);
      torsions_[i].psi[lane] = static_cast<float>(start[2 * i + 1]);
    }
  }
}

void FoldingGroup::step(int number) {
  const double fraction = static_cast<double>(number) / options_.steps;
  if (number == options_.steps * 45 / 100 || number == options_.steps * 65 / 100) {
    if (options_.resampling) resample(fraction);
  }
  if (number > 0 && number % noise_interval == 0 && fraction < quiet_from) {
    disturb(first_noise * (1 - fraction / quiet_from));
  }
  energy_(fraction, torsions_, chains_, gradient_);
  descend(gradient_, number + 1, first_rate + (last_rate - first_rate) * fraction);
}

void FoldingGroup::descend(std::span<const Torsions> gradient, int count, double rate) {
  const Adam adam{static_cast<float>(rate / (1 - std::pow(decay1, count))),
                  static_cast<float>(1 / (1 - std::pow(decay2, count)))};
  adam_steps(adam, gradient, first_moment_, second_moment_, torsions_);
}

void FoldingGroup::disturb(double spread) {
  for (Torsions& torsions : torsions_) {
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
      torsions.phi[lane] += static_cast<float>(spread * random_.normal());
      torsions.psi[lane] += static_cast<float>(spread * random_.normal());
    }
  }
}

/// The worse half becomes disturbed copies of the better half.
void FoldingGroup::resample(double fraction) {
  const std::vector<Trajectory> now = judge(fraction);
  std::vector<std::size_t> order(lane_count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return now[a].selection < now[b].selection;
  });
  for (std::size_t k = 0; k < lane_count / 2; ++k) replace(order[k + lane_count / 2], order[k]);
}

void FoldingGroup::replace(std::size_t to, std::size_t from) {
  const auto copy = [&](Lanes& lanes) { lanes[to] = lanes[from]; };
  for (std::size_t i = 0; i < torsions_.size(); ++i) {
    for (Torsions* state : {&torsions_[i], &first_moment_[i], &second_moment_[i]}) {
      copy(state->phi);
      copy(state->psi);
    }
    torsions_[i].phi[to] += static_cast<float>(spread_of_copies * random_.normal());
    torsions_[i].psi[to] += static_cast<float>(spread_of_copies * random_.normal());
  }
}

std::vector<Trajectory> FoldingGroup::judge(double fraction) {
  const Lanes energies = energy_(fraction, torsions_, chains_, gradient_);
  std::vector<Trajectory> trajectories;
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    trajectories.push_back(trajectory(lane, energies[lane]));
  }
  return trajectories;
}

Trajectory FoldingGroup::trajectory(std::size_t lane, double energy) const {
  Trajectory own;
  for (const Torsions& torsions : torsions_) {
    own.torsions.push_back(torsions.phi[lane]);
    own.torsions.push_back(torsions.psi[lane]);
  }
  std::vector<BackboneResidue> chain(torsions_.size());
  build_backbone(own.torsions, chain);
  for (const BackboneResidue& residue : chain) own.ca.push_back(residue.ca);
  own.energy = energy / static_cast<double>(torsions_.size());
  own.hand = hand_score(own.ca, structure_, input_.hands);
  own.selection = own.energy - options_.hand * std::clamp(own.hand, -most_hand, most_hand);
  return own;
}

}  // namespace foldstream::workflows::predict
