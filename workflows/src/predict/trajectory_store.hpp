// Keeps finished groups of trajectories, so that folding goes on where it was stopped.
#pragma once

#include "folding.hpp"

#include <memory>

namespace foldstream::workflows::predict {

/// Keeps each group in the store of the running task as a part "group-<number>": `torsions`
/// f64 [trajectory, residue, angle], `scores` f64 [trajectory, 3] energy, hand, selection.
class TrajectoryStore {
 public:
  TrajectoryStore(const Context& context, std::size_t length);
  ~TrajectoryStore();

  /// Makes folding with `options` keep and reuse groups. This object must outlive the folding.
  void connect(FoldingOptions& options) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace foldstream::workflows::predict
