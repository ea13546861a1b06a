// The energy of the shapes of a group: predicted distances, attraction, and room for every residue.
#pragma once

#include "chains.hpp"
#include "potentials.hpp"

namespace foldstream::workflows::predict {

/// How strongly the distances act; changes along a trajectory.
struct PairStage {
  int active_pairs = 0;      ///< the first ones of the potentials, those of small separation
  float distance = 0.3F;     ///< weight of the tabulated energies
  float attraction = 0.05F;  ///< per Å beyond 10, times the contact probability
};

/// The tabulated energies of Cβ distances, and what draws likely contacts together from afar.
void add_distances(const PairPotentials& potentials, const PairStage& stage, const Atoms& chains,
                   Slope& slope);

/// weight · depth² of every overlap, Å: Cα–Cα below 4.0 (|i−j| ≥ 3), Cβ–Cβ below 3.9 (|i−j| ≥ 2).
void add_sterics(float weight, const Atoms& chains, Slope& slope);

}  // namespace foldstream::workflows::predict
