// One group of trajectories: its energy, its optimiser and its moves.
#pragma once

#include "backbone.hpp"
#include "folding.hpp"
#include "pair_energy.hpp"
#include "random.hpp"
#include "sheets.hpp"
#include "torsions.hpp"

namespace foldstream::workflows::predict {

/// The energies of a protein, shared by all groups. Immutable, so thread-safe.
class FoldingEnergy {
 public:
  FoldingEnergy(const FoldingInput& input, const FoldingOptions& options);

  /// At this fraction of a trajectory: the energy of each chain, and its gradient.
  Lanes operator()(double fraction, std::span<const Torsions> torsions, Atoms& chains,
                   std::span<Torsions> gradient) const;

 private:
  const FoldingOptions& options_;
  PairPotentials pairs_;
  OrientationPotentials orientations_;
  SheetPotentials sheets_;
  TorsionPotentials torsions_;
};

/// Not thread-safe; keeps references to all that it is given.
class FoldingGroup {
 public:
  FoldingGroup(const FoldingInput& input, const FoldingOptions& options,
               const FoldingEnergy& energy, int index);

  void step(int number);
  std::vector<Trajectory> finish() { return judge(1); }

 private:
  void descend(std::span<const Torsions> gradient, int count, double rate);
  void disturb(double spread);
  void resample(double fraction);
  void replace(std::size_t to, std::size_t from);
  std::vector<Trajectory> judge(double fraction);
  Trajectory trajectory(std::size_t lane, double energy) const;

  const FoldingInput& input_;
  const FoldingOptions& options_;
  const FoldingEnergy& energy_;
  Random random_;
  std::vector<int> structure_;
  std::vector<Torsions> torsions_;
  std::vector<Torsions> first_moment_;
  std::vector<Torsions> second_moment_;
  std::vector<Torsions> gradient_;
  Atoms chains_;
};

}  // namespace foldstream::workflows::predict
