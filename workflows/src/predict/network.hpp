// A network of one hidden layer, small enough to live in a table of constants.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace foldstream::workflows::predict {

/// Softmax of one hidden ReLU layer. Weights are row-major [inputs, hidden] and [hidden, outputs].
struct Network {
  std::span<const float> hidden_weights;
  std::span<const float> hidden_bias;
  std::span<const float> output_weights;
  std::span<const float> output_bias;

  /// Probabilities of the outputs.
  void evaluate(std::span<const float> input, std::span<float> output) const {
    const std::size_t width = hidden_bias.size();
    std::vector<float> hidden(hidden_bias.begin(), hidden_bias.end());
    for (std::size_t k = 0; k < input.size(); ++k) {
      const float* weights = hidden_weights.data() + k * width;
      for (std::size_t h = 0; h < width; ++h) hidden[h] += input[k] * weights[h];
    }
    std::copy(output_bias.begin(), output_bias.end(), output.begin());
    for (std::size_t h = 0; h < width; ++h) {
      const float value = std::max(hidden[h], 0.0F);
      for (std::size_t o = 0; o < output.size(); ++o) {
        output[o] += value * output_weights[h * output.size() + o];
      }
    }
    softmax(output);
  }

  static void softmax(std::span<float> values) {
    const float top = *std::max_element(values.begin(), values.end());
    float sum = 0;
    for (float& value : values) sum += value = std::exp(value - top);
    for (float& value : values) value /= sum;
  }
};

}  // namespace foldstream::workflows::predict
