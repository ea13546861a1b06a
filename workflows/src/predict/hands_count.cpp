#include "hand_turns.hpp"

#include <cmath>
#include <functional>
#include <numeric>

namespace foldstream::workflows::predict {
namespace {

constexpr double prior = 20;  // counts that speak for neither hand
constexpr std::size_t bins = 8;

std::vector<double> zeros(const std::array<int, 6>& shape) {
  return std::vector<double>(static_cast<std::size_t>(
      std::accumulate(shape.begin(), shape.end(), 1, std::multiplies<>())));
}

std::vector<float> log_odds(const std::vector<double>& counts) {
  std::vector<float> odds(counts.size());
  for (std::size_t k = 0; k < counts.size(); ++k) {
    const std::size_t mirror = k - k % bins + (bins - 1 - k % bins);
    odds[k] = static_cast<float>(std::log((counts[k] + prior) / (counts[mirror] + prior)));
  }
  return odds;
}

}  // namespace

HandTables count_hands(std::span<const HandChain> chains) {
  std::vector<double> packing = zeros(HandTables::packing_shape);
  std::vector<double> crossover = zeros(HandTables::crossover_shape);
  for (const HandChain& chain : chains) {
    HandTrace(chain.ca, chain.structure).each_turn([&](const HandTurn& turn) {
      packing[static_cast<std::size_t>(turn.packing)] += 1;
      if (turn.crossover >= 0) crossover[static_cast<std::size_t>(turn.crossover)] += 1;
    });
  }
  return {log_odds(packing), log_odds(crossover)};
}

}  // namespace foldstream::workflows::predict
