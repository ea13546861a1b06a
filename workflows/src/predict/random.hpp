// Random numbers of our own, so that a seed gives the same bytes with every standard library.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <span>

namespace foldstream::workflows::predict {

class Random {
 public:
  /// Independent sequences for different `stream` of one `seed`.
  Random(std::uint64_t seed, std::uint64_t stream) : engine_(mix(seed) ^ mix(~stream)) {}

  /// In [0, 1).
  double uniform() { return static_cast<double>(engine_() >> 11U) * 0x1.0p-53; }

  /// Mean 0, standard deviation 1 (Box and Muller).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

  /// An index, in proportion to its weight; the weights are not negative and not all zero.
  template <class Weight>
  std::size_t choose(std::span<const Weight> weights) {
    double total = 0;
    for (const Weight weight : weights) total += weight;
    double left = uniform() * total;
    for (std::size_t k = 0; k + 1 < weights.size(); ++k) {
      left -= weights[k];
      if (left < 0) return k;
    }
    return weights.size() - 1;
  }

 private:
  static std::uint64_t mix(std::uint64_t x) {  // splitmix64's finaliser
    x += 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31U);
  }

  std::mt19937_64 engine_;
};

}  // namespace foldstream::workflows::predict
