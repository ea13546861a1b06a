// Energies of strands: bridges, the hydrogen bonds they make, and right-handed crossovers.
#pragma once

#include "chains.hpp"
#include "networks.hpp"

#include <string_view>

namespace foldstream::workflows::predict {

struct SheetPotentials {
  struct Bridge {
    int i = 0;
    int j = 0;
    float probability = 0;
  };
  struct HydrogenBond {
    int acceptor = 0;  ///< the residue of the O
    int donor = 0;     ///< the residue of the H
    float weight = 0;
  };
  /// Two parallel strands and the chain between them.
  struct Crossover {
    int i = 0;
    int j = 0;
    float weight = 0;
  };
  std::vector<Bridge> bridges;
  std::vector<HydrogenBond> bonds;
  std::vector<Crossover> crossovers;
};

/// Weights of the terms; they change along a trajectory.
struct SheetStage {
  float bridges = 1;
  float bonds = 3;
  float crossovers = 10;
};

/// @param residues  one-letter codes: proline has no H to give.
SheetPotentials make_sheets(std::string_view residues, const LocalPrediction& local,
                            const DistanceMap& distances);

/// ln(1 + x²) of how far the Cα of bridge partners are from 4.6–5.4 Å, x in 1.5 Å; a well of 1.2 Å
/// beyond 2 Å between O and H; and how left-handed the connection of parallel strands is (Sternberg
/// and Thornton 1976: it is right-handed in nature).
void add_sheets(const SheetPotentials& potentials, const SheetStage& stage, const Atoms& chains,
                Slope& slope);

}  // namespace foldstream::workflows::predict
