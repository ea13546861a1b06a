// AdamW over a batch whose parts are computed by several threads, with checkpoints.
#pragma once

#include "predict/networks_torch.hpp"
#include "predict/torch_guard.hpp"

#include <foldstream/context.hpp>
#include <foldstream/error.hpp>
#include <foldstream/io/safetensors.hpp>

#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace foldstream::workflows::train {

/// Trains one network. A batch has a fixed number of parts; each is computed by one thread on a
/// copy of the network of its own, and gradients are added in the order of the parts, so that
/// threads change no bit of the result.
template <class Network>
class Trainer {
 public:
  Trainer(int parts, double weight_decay, std::uint64_t seed) : weight_decay_(weight_decay) {
    torch::manual_seed(seed);
    for (int k = 0; k < parts; ++k) replicas_.push_back(std::make_unique<Network>());
    for (const torch::Tensor& own : network().parameters()) {
      first_.push_back(torch::zeros_like(own));
      second_.push_back(torch::zeros_like(own));
    }
    spread();
  }

  Network& network() { return *replicas_.front(); }
  int steps() const { return steps_; }

  /// One step down the mean of loss(network, part). @returns that mean.
  double step(const Context& context, double rate,
              const std::function<torch::Tensor(Network&, int)>& loss) {
    std::vector<double> losses(replicas_.size());
    parallel_for(context, static_cast<int>(replicas_.size()), [&](int part) {
      const predict::OneTorchThread guard;
      Network& own = *replicas_[static_cast<std::size_t>(part)];
      own.zero_grad();
      const torch::Tensor value = loss(own, part);
      value.backward();
      losses[static_cast<std::size_t>(part)] = value.template item<double>();
    });
    descend(rate);
    spread();
    double mean = 0;
    for (const double one : losses) mean += one / static_cast<double>(losses.size());
    if (!std::isfinite(mean)) {
      throw Error(ErrorKind::Internal, "training diverged: the loss is not a number.");
    }
    return mean;
  }

  /// Everything that later steps depend on, but for the data.
  io::Safetensors checkpoint() {
    io::Safetensors file;
    predict::store(network(), "", file);
    const auto names = network().named_parameters();
    for (std::size_t k = 0; k < first_.size(); ++k) {
      put(file, "first." + names[k].key(), first_[k]);
      put(file, "second." + names[k].key(), second_[k]);
    }
    file.metadata["steps"] = std::to_string(steps_);
    return file;
  }

  void resume(const io::Safetensors& file) {
    const torch::NoGradGuard no_gradient;
    predict::restore(file, "", network());
    const auto names = network().named_parameters();
    for (std::size_t k = 0; k < first_.size(); ++k) {
      take(file, "first." + names[k].key(), first_[k]);
      take(file, "second." + names[k].key(), second_[k]);
    }
    steps_ = std::stoi(file.metadata.at("steps"));
    spread();
  }

  /// Only the weights; the optimiser begins anew.
  void start_from(const io::Safetensors& file) {
    predict::restore(file, "", network());
    spread();
  }

 private:
  static void put(io::Safetensors& file, const std::string& name, const torch::Tensor& values) {
    const std::span<const float> span(values.data_ptr<float>(),
                                      static_cast<std::size_t>(values.numel()));
    file.tensors[name] = Tensor::of<float>(span, {values.sizes().begin(), values.sizes().end()});
  }
  static void take(const io::Safetensors& file, const std::string& name, torch::Tensor& values) {
    const auto stored = file.tensor(name).values<float>();
    values.copy_(torch::from_blob(const_cast<float*>(stored.data()), values.sizes()));
  }

  /// AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101), gradients limited to norm 1; decay for
  /// matrices and kernels alone.
  void descend(double rate) {
    const predict::OneTorchThread guard;
    const torch::NoGradGuard no_gradient;
    constexpr double decay1 = 0.9;
    constexpr double decay2 = 0.99;
    ++steps_;
    std::vector<torch::Tensor> gradients = mean_gradients();
    double squares = 0;
    for (const auto& own : gradients) squares += (own * own).sum().template item<double>();
    const double shrink = 1 / std::max(1.0, std::sqrt(squares));
    const auto parameters = network().parameters();
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      gradients[k].mul_(shrink);
      first_[k].mul_(decay1).add_(gradients[k], 1 - decay1);
      second_[k].mul_(decay2).addcmul_(gradients[k], gradients[k], 1 - decay2);
      const torch::Tensor mean = first_[k] / (1 - std::pow(decay1, steps_));
      const torch::Tensor scale = (second_[k] / (1 - std::pow(decay2, steps_))).sqrt() + 1e-8;
      torch::Tensor own = parameters[k];
      if (own.dim() > 1) own.mul_(1 - rate * weight_decay_);
      own.addcdiv_(mean, scale, -rate);
    }
  }

  std::vector<torch::Tensor> mean_gradients() {
    std::vector<torch::Tensor> sum;
    for (const auto& replica : replicas_) {
      const auto parameters = replica->parameters();
      for (std::size_t k = 0; k < parameters.size(); ++k) {
        const torch::Tensor own = parameters[k].grad() / static_cast<double>(replicas_.size());
        if (k == sum.size())
          sum.push_back(own);
        else if (replica != replicas_.front())
          sum[k].add_(own);
      }
    }
    return sum;
  }

  /// All copies become the first.
  void spread() {
    const torch::NoGradGuard no_gradient;
    const auto source = network().parameters();
    for (const auto& replica : replicas_) {
      const auto parameters = replica->parameters();
      for (std::size_t k = 0; k < parameters.size(); ++k) {
        if (replica != replicas_.front()) torch::Tensor(parameters[k]).copy_(source[k]);
      }
    }
  }

  double weight_decay_;
  int steps_ = 0;
  std::vector<std::unique_ptr<Network>> replicas_;
  std::vector<torch::Tensor> first_, second_;
};

/// From `high` to nearly nothing along half a cosine, after a short rise.
inline double learning_rate(double high, int step, int steps) {
  const double rise = std::min(1.0, (step + 1) / 100.0);
  return high * rise * (0.01 + 0.99 * 0.5 * (1 + std::cos(M_PI * step / steps)));
}

}  // namespace foldstream::workflows::train
