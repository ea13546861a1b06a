#include "folding.hpp"
#include "hands.hpp"
#include "pair_energy.hpp"
#include "random.hpp"
#include "torch_guard.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

namespace foldstream::workflows::predict {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double first_rate = 0.06;
constexpr double last_rate = 0.004;
constexpr int noise_interval = 40;
constexpr double quiet_from = 0.65;  // fraction of a trajectory after which there is no noise
constexpr double spread_of_copies = 0.15;

/// What the shape energy of a step is evaluated with.
struct ShapeTerms {
  const PairPotentials* potentials;
  PairStage stage;
};

/// φ, ψ [B, L, 2] → energy [B]. Its derivative comes from one backward pass along each chain, so
/// autograd sees one node instead of thousands.
struct ShapeEnergy : torch::autograd::Function<ShapeEnergy> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& torsions,
                               const ShapeTerms* terms) {
    const auto batch = torsions.size(0);
    const auto length = static_cast<std::size_t>(torsions.size(1));
    torch::Tensor energy = torch::empty({batch}, torsions.options().requires_grad(false));
    torch::Tensor slope = torch::empty_like(torsions, torsions.options().requires_grad(false));
    std::vector<BackboneResidue> chain(length);
    std::vector<AtomGradient> forces(length);
    for (std::int64_t b = 0; b < batch; ++b) {
      const std::span<const double> angles(torsions[b].data_ptr<double>(), 2 * length);
      build_backbone(angles, chain);
      std::fill(forces.begin(), forces.end(), AtomGradient{});
      energy.data_ptr<double>()[b] = pair_energy(*terms->potentials, terms->stage, chain, forces);
      torsion_gradient(chain, forces, {slope[b].data_ptr<double>(), 2 * length});
    }
    context->save_for_backward({slope});
    return energy;
  }

  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    const torch::Tensor slope = context->get_saved_variables()[0];
    return {outer[0].view({-1, 1, 1}) * slope, torch::Tensor()};
  }
};

/// The mixture of torsion_mixture as tensors.
class LocalEnergy {
 public:
  explicit LocalEnergy(const TorsionMixture& mixture) {
    const auto length = static_cast<std::int64_t>(mixture.residues.size());
    log_weight_ = torch::empty({length, local_states}, torch::kFloat64);
    mean_ = torch::empty({length, local_states, 2}, torch::kFloat64);
    kappa_ = torch::empty_like(mean_);
    std::size_t at = 0;
    for (const auto& residue : mixture.residues) {
      for (const TorsionMixture::Component& own : residue) {
        log_weight_.data_ptr<double>()[at] = own.log_weight;
        std::copy(own.mean.begin(), own.mean.end(), mean_.data_ptr<double>() + 2 * at);
        std::copy(own.kappa.begin(), own.kappa.end(), kappa_.data_ptr<double>() + 2 * at);
        ++at;
      }
    }
  }

  /// φ, ψ [B, L, 2] → [B].
  torch::Tensor operator()(const torch::Tensor& torsions) const {
    const torch::Tensor turn = (torsions.unsqueeze(2) - mean_).cos() - 1;
    const torch::Tensor log_density = log_weight_ + (kappa_ * turn).sum(-1);
    return -torch::logsumexp(log_density, -1).sum(-1);
  }

 private:
  torch::Tensor log_weight_;
  torch::Tensor mean_;
  torch::Tensor kappa_;
};

/// One group of trajectories: state of the optimiser and its moves.
class Group {
 public:
  Group(const FoldingInput& input, const FoldingOptions& options, int index)
      : input_(input),
        options_(options),
        local_(torsion_mixture(input)),
        random_(options.seed, 0x67726F7570ULL + static_cast<std::uint64_t>(index)) {
    const auto length = static_cast<std::int64_t>(input.states.size());
    torsions_ = torch::empty({group_size, length, 2}, torch::kFloat64);
    for (int b = 0; b < group_size; ++b) {
      const auto start =
          draw_torsions(input, options.seed, static_cast<std::uint64_t>(index * group_size + b));
      std::copy(start.begin(), start.end(), torsions_[b].data_ptr<double>());
    }
    first_moment_ = torch::zeros_like(torsions_);
    second_moment_ = torch::zeros_like(torsions_);
  }

  void step(int number) {
    const double fraction = static_cast<double>(number) / options_.steps;
    if (number == options_.steps * 45 / 100 || number == options_.steps * 65 / 100) {
      resample(fraction);
    }
    if (number > 0 && number % noise_interval == 0 && fraction < quiet_from) {
      disturb(torsions_, 0.15 * (1 - fraction / quiet_from));
    }
    torsions_.set_requires_grad(true);
    const torch::Tensor energy = evaluate(fraction).sum();
    const torch::Tensor gradient = torch::autograd::grad({energy}, {torsions_})[0];
    torsions_ = torsions_.detach();
    descend(gradient, number + 1, first_rate + (last_rate - first_rate) * fraction);
  }

  std::vector<Trajectory> finish() {
    const torch::NoGradGuard no_gradient;
    std::vector<Trajectory> trajectories = judge(1);
    return trajectories;
  }

 private:
  PairStage stage(double fraction) const {
    const int length = input_.potentials.length;
    const double reached = std::pow(std::min(1.0, fraction / 0.45), 1.5);
    PairStage stage;
    stage.active_pairs = input_.potentials.count_within(8 + static_cast<int>(length * reached));
    stage.distance = options_.distance;
    stage.attraction = options_.attraction * (1 - 0.7 * fraction);
    stage.sterics = 3 * (0.05 + fraction);
    return stage;
  }

  /// Energies [B].
  torch::Tensor evaluate(double fraction) {
    terms_ = {&input_.potentials, stage(fraction)};
    return ShapeEnergy::apply(torsions_, &terms_) + options_.torsion * local_(torsions_);
  }

  void descend(const torch::Tensor& gradient, int count, double rate) {
    constexpr double decay1 = 0.9;
    constexpr double decay2 = 0.98;
    first_moment_.mul_(decay1).add_(gradient, 1 - decay1);
    second_moment_.mul_(decay2).addcmul_(gradient, gradient, 1 - decay2);
    const torch::Tensor mean = first_moment_ / (1 - std::pow(decay1, count));
    const torch::Tensor scale = (second_moment_ / (1 - std::pow(decay2, count))).sqrt() + 1e-8;
    torsions_.addcdiv_(mean, scale, -rate);
  }

  void disturb(const torch::Tensor& angles, double spread) {
    double* values = angles.data_ptr<double>();
    for (std::int64_t k = 0; k < angles.numel(); ++k) values[k] += spread * random_.normal();
  }

  /// The worse half becomes disturbed copies of the better half.
  void resample(double fraction) {
    const torch::NoGradGuard no_gradient;
    const std::vector<Trajectory> now = judge(fraction);
    std::vector<int> order(group_size);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      return now[static_cast<std::size_t>(a)].selection <
             now[static_cast<std::size_t>(b)].selection;
    });
    for (std::size_t k = 0; k < group_size / 2; ++k) {
      const int from = order[k];
      const int to = order[k + group_size / 2];
      torsions_[to].copy_(torsions_[from]);
      first_moment_[to].copy_(first_moment_[from]);
      second_moment_[to].copy_(second_moment_[from]);
      disturb(torsions_[to], spread_of_copies);
    }
  }

  std::vector<Trajectory> judge(double fraction) {
    const torch::Tensor energies = evaluate(fraction);
    const auto length = input_.states.size();
    std::vector<Trajectory> trajectories(group_size);
    std::vector<BackboneResidue> chain(length);
    for (std::size_t b = 0; b < group_size; ++b) {
      Trajectory& own = trajectories[b];
      const double* angles = torsions_[static_cast<std::int64_t>(b)].data_ptr<double>();
      own.torsions.assign(angles, angles + 2 * length);
      build_backbone(own.torsions, chain);
      for (const BackboneResidue& residue : chain) own.ca.push_back(residue.ca);
      own.energy = energies.data_ptr<double>()[b] / static_cast<double>(length);
      own.hand = hand_score(own.ca, input_.states);
      own.selection = own.energy - options_.hand * std::clamp(own.hand, -6.0, 6.0);
    }
    return trajectories;
  }

  const FoldingInput& input_;
  const FoldingOptions& options_;
  LocalEnergy local_;
  Random random_;
  ShapeTerms terms_{};
  torch::Tensor torsions_;
  torch::Tensor first_moment_;
  torch::Tensor second_moment_;
};

}  // namespace

std::vector<Trajectory> fold(const FoldingInput& input, const FoldingOptions& options,
                             const Context& context) {
  std::vector<std::vector<Trajectory>> groups(static_cast<std::size_t>(options.groups));
  std::atomic<int> steps_done = 0;
  const int all_steps = options.groups * options.steps;
  parallel_for(context, options.groups, [&](int index) {
    const OneTorchThread guard;
    Group group(input, options, index);
    for (int step = 0; step < options.steps; ++step) {
      context.check_cancelled();
      group.step(step);
      if (++steps_done % 100 == 0) {
        const int done = steps_done;
        context.report(static_cast<double>(done) / all_steps,
                       "folding " + std::to_string(done / options.groups) + "/" +
                           std::to_string(options.steps));
      }
    }
    groups[static_cast<std::size_t>(index)] = group.finish();
  });
  std::vector<Trajectory> all;
  for (auto& group : groups) {
    std::move(group.begin(), group.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace foldstream::workflows::predict
