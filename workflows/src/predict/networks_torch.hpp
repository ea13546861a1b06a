// The networks of the potts predictor as LibTorch modules, the same for training and for use.
#pragma once

#include "networks.hpp"
#include "pair_features.hpp"

#include <foldstream/io/safetensors.hpp>

#include <torch/torch.h>

#include <string>
#include <vector>

namespace foldstream::workflows::predict {

inline constexpr int local_outputs = 3 + torsion_cells * torsion_cells + 1;
/// Where the outputs of the distance network begin.
inline constexpr int bridges_at = distance_bins;
inline constexpr int omega_at = bridges_at + 2;
inline constexpr int theta_at = omega_at + dihedral_bins;
inline constexpr int phi_at = theta_at + dihedral_bins;
inline constexpr int pair_outputs = phi_at + angle_bins;

/// What is dropped while training; nothing when the generator is undefined.
struct Dropout {
  double rate = 0;
  at::Generator generator;

  torch::Tensor operator()(const torch::Tensor& x) const {
    if (!generator.defined()) return x;
    return x * torch::empty_like(x).bernoulli_(1 - rate, generator) / (1 - rate);
  }
};

/// One-hot residues [B, 21, L] (X is the last; all zero = padding), mask [B, 1, L] →
/// [B, L, local_outputs]: logits of structure and of torsion cells, burial.
struct LocalNetwork : torch::nn::Module {
  static constexpr int channels = 112;
  std::vector<torch::nn::LayerNorm> norms;
  std::vector<torch::nn::Conv1d> convolutions;
  torch::nn::Conv1d first{nullptr};
  torch::nn::LayerNorm last_norm{nullptr};
  torch::nn::Linear head{nullptr};

  LocalNetwork();
  torch::Tensor forward(const torch::Tensor& hot, const torch::Tensor& mask,
                        const Dropout& dropout = {}) const;
};

/// Pair features [pair_channels, H, W], features of the residues of the rows [H, residue_channels]
/// and of the columns [W, residue_channels] → logits [pair_outputs, H, W].
struct PairNetwork : torch::nn::Module {
  static constexpr int channels = 40;
  static constexpr int groups = 8;
  struct Block {
    torch::nn::GroupNorm norm1{nullptr}, norm2{nullptr};
    torch::nn::Conv2d conv1{nullptr}, conv2{nullptr};
  };
  std::vector<Block> blocks;
  torch::nn::Conv2d from_pairs{nullptr};
  torch::nn::Linear from_rows{nullptr}, from_columns{nullptr};
  torch::nn::GroupNorm last_norm{nullptr};
  torch::nn::Conv2d head{nullptr};

  PairNetwork();
  torch::Tensor forward(const torch::Tensor& pairs, const torch::Tensor& rows,
                        const torch::Tensor& columns) const;
};

/// One-hot residues [1, 21, L] of one chain, X the last of the 21.
torch::Tensor one_hot(std::span<const std::uint8_t> residues);

/// Reads the histograms of all pairs; what the network says of (i, j) and of (j, i) is averaged.
DistanceMap read_distances(const PairNetwork& network, const PairMap& z,
                           std::span<const std::uint8_t> residues, std::span<const float> structure,
                           std::span<const float> burial);

/// Puts the parameters of `module` into `file`, each under `prefix` and its name.
void store(const torch::nn::Module& module, const std::string& prefix, io::Safetensors& file);
/// Takes them from there. @throws Error{NotFound, InvalidArgument} for a tensor that is absent or
/// of another shape or dtype.
void restore(const io::Safetensors& file, const std::string& prefix, torch::nn::Module& module);

}  // namespace foldstream::workflows::predict
