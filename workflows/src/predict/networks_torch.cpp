#include "networks_torch.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <array>

namespace foldstream::workflows::predict {
namespace {

constexpr std::array<int, 6> local_dilations = {1, 2, 4, 1, 2, 4};
constexpr std::array<int, 8> pair_dilations = {1, 2, 4, 8, 1, 2, 4, 8};

torch::Tensor over_channels(const torch::nn::LayerNorm& norm, const torch::Tensor& x) {
  return norm.ptr()->forward(x.transpose(1, 2)).transpose(1, 2);
}

}  // namespace

LocalNetwork::LocalNetwork() {
  first = register_module("first",
                          torch::nn::Conv1d(torch::nn::Conv1dOptions(21, channels, 7).padding(3)));
  for (std::size_t k = 0; k < local_dilations.size(); ++k) {
    const int dilation = local_dilations[k];
    const std::string name = std::to_string(k);
    norms.push_back(register_module("norm" + name,
                                    torch::nn::LayerNorm(torch::nn::LayerNormOptions({channels}))));
    convolutions.push_back(register_module(
        "convolution" + name, torch::nn::Conv1d(torch::nn::Conv1dOptions(channels, channels, 5)
                                                    .padding(2 * dilation)
                                                    .dilation(dilation))));
  }
  last_norm =
      register_module("last_norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({channels})));
  head = register_module("head", torch::nn::Linear(channels, local_outputs));
}

torch::Tensor LocalNetwork::forward(const torch::Tensor& hot, const torch::Tensor& mask,
                                    const Dropout& dropout) const {
  torch::Tensor x = first.ptr()->forward(hot) * mask;
  for (std::size_t k = 0; k < convolutions.size(); ++k) {
    const torch::Tensor y = torch::relu(over_channels(norms[k], x)) * mask;
    x = x + dropout(convolutions[k].ptr()->forward(y)) * mask;
  }
  const torch::Tensor y = torch::relu(last_norm.ptr()->forward(x.transpose(1, 2)));
  return head.ptr()->forward(dropout(y));
}

PairNetwork::PairNetwork() {
  using torch::nn::Conv2dOptions;
  using torch::nn::GroupNormOptions;
  from_pairs =
      register_module("from_pairs", torch::nn::Conv2d(Conv2dOptions(pair_channels, channels, 1)));
  from_rows = register_module("from_rows", torch::nn::Linear(residue_channels, channels));
  from_columns = register_module("from_columns", torch::nn::Linear(residue_channels, channels));
  for (std::size_t k = 0; k < pair_dilations.size(); ++k) {
    const std::string name = "block" + std::to_string(k);
    const int dilation = pair_dilations[k];
    Block block;
    block.norm1 =
        register_module(name + "_norm1", torch::nn::GroupNorm(GroupNormOptions(groups, channels)));
    block.conv1 = register_module(
        name + "_conv1", torch::nn::Conv2d(Conv2dOptions(channels, channels, 3).padding(1)));
    block.norm2 =
        register_module(name + "_norm2", torch::nn::GroupNorm(GroupNormOptions(groups, channels)));
    block.conv2 = register_module(
        name + "_conv2",
        torch::nn::Conv2d(
            Conv2dOptions(channels, channels, 3).padding(dilation).dilation(dilation)));
    blocks.push_back(block);
  }
  last_norm =
      register_module("last_norm", torch::nn::GroupNorm(GroupNormOptions(groups, channels)));
  head = register_module("head", torch::nn::Conv2d(Conv2dOptions(channels, pair_outputs, 1)));
}

torch::Tensor PairNetwork::forward(const torch::Tensor& pairs, const torch::Tensor& rows,
                                   const torch::Tensor& columns) const {
  const torch::Tensor of_rows = from_rows.ptr()->forward(rows).transpose(0, 1).unsqueeze(2);
  const torch::Tensor of_columns =
      from_columns.ptr()->forward(columns).transpose(0, 1).unsqueeze(1);
  torch::Tensor x = from_pairs.ptr()->forward(pairs.unsqueeze(0)) + of_rows + of_columns;
  for (const Block& block : blocks) {
    torch::Tensor y = block.conv1.ptr()->forward(torch::relu(block.norm1.ptr()->forward(x)));
    y = block.conv2.ptr()->forward(torch::relu(block.norm2.ptr()->forward(y)));
    x = x + y;
  }
  return head.ptr()->forward(torch::relu(last_norm.ptr()->forward(x))).squeeze(0);
}

torch::Tensor one_hot(std::span<const std::uint8_t> residues) {
  torch::Tensor hot = torch::zeros({1, 21, static_cast<std::int64_t>(residues.size())});
  auto access = hot.accessor<float, 3>();
  for (std::size_t l = 0; l < residues.size(); ++l) {
    access[0][residues[l]][static_cast<std::int64_t>(l)] = 1;
  }
  return hot;
}

void store(const torch::nn::Module& module, const std::string& prefix, io::Safetensors& file) {
  for (const auto& item : module.named_parameters()) {
    const torch::Tensor values = item.value().detach().cpu().contiguous();
    const Shape shape(values.sizes().begin(), values.sizes().end());
    const std::span<const float> span(values.data_ptr<float>(),
                                      static_cast<std::size_t>(values.numel()));
    file.tensors[prefix + item.key()] = Tensor::of<float>(span, shape);
  }
}

void restore(const io::Safetensors& file, const std::string& prefix, torch::nn::Module& module) {
  const torch::NoGradGuard no_gradient;
  for (auto& item : module.named_parameters()) {
    const Tensor& stored = file.tensor(prefix + item.key());
    const Shape wanted(item.value().sizes().begin(), item.value().sizes().end());
    if (stored.shape() != wanted || stored.dtype() != DType::f32) {
      throw Error(ErrorKind::InvalidArgument,
                  "tensor '" + prefix + item.key() +
                      "' is not of the shape and dtype of this network. The weights are of another "
                      "version of foldstream; train them again with 'foldstream train'.");
    }
    const auto values = stored.values<float>();
    item.value().copy_(torch::from_blob(const_cast<float*>(values.data()), item.value().sizes()));
  }
}

}  // namespace foldstream::workflows::predict
