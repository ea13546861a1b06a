// The energy of a chain's shape: predicted distances, attraction, and room for every residue.
#pragma once

#include "backbone.hpp"
#include "potentials.hpp"

#include <span>

namespace foldstream::workflows::predict {

/// Which terms act, and how strongly; changes along a trajectory.
struct PairStage {
  int active_pairs = 0;      ///< the first ones of the potentials, those of small separation
  double distance = 0.3;     ///< weight of the tabulated energies
  double attraction = 0.05;  ///< per Å beyond 10, times the contact probability
  double sterics = 3;  ///< per Å² of overlap: Cα–Cα below 4.0 Å, Cβ–Cβ below 3.9 Å
};

/// Energy of `chain`; adds its gradient to `gradient`, which has one entry a residue.
double pair_energy(const PairPotentials& potentials, const PairStage& stage,
                   std::span<const BackboneResidue> chain, std::span<AtomGradient> gradient);

}  // namespace foldstream::workflows::predict
