// The turns of a Cα trace that tell its hand, as places in the tables of hands.hpp.
#pragma once

#include "hands.hpp"

namespace foldstream::workflows::predict {

struct HandTurn {
  int packing = 0;
  int crossover = -1;  ///< −1: the pair is too near in the chain to have one
};

/// Directions and sums along a trace, from which any pair's turn follows. Keeps no copy of `ca`.
class HandTrace {
 public:
  HandTrace(std::span<const Vec3> ca, std::span<const int> structure);

  /// Calls `visit(turn)` for every pair of residues within 11 Å, at least 4 apart in the chain.
  template <class Visit>
  void each_turn(Visit visit) const {
    for (std::size_t i = ends; i + ends < ca_.size(); ++i) {
      for (std::size_t j = i + 4; j + ends < ca_.size(); ++j) {
        if (squared(ca_[j] - ca_[i]) < reach * reach) visit(turn_of(i, j));
      }
    }
  }

 private:
  static constexpr std::size_t ends = 2;  // residues without a direction at either end
  static constexpr double reach = 11;

  HandTurn turn_of(std::size_t i, std::size_t j) const;
  int crossover_of(std::size_t i, std::size_t j, int key, bool parallel) const;

  std::span<const Vec3> ca_;
  std::span<const int> structure_;
  std::vector<Vec3> direction_;
  std::vector<Vec3> sum_;
  std::vector<int> helices_;
};

}  // namespace foldstream::workflows::predict
