// How much to trust a model: what its distances, its rivals and its hand say of it.
#pragma once

#include "backbone.hpp"
#include "networks.hpp"

namespace foldstream::workflows::predict {

/// What the trust in a model is estimated from.
struct Evidence {
  double consensus = 0;     ///< mean TM-score to the best models of the other groups
  double satisfaction = 0;  ///< share of the L most likely contacts (|i−j| ≥ 6) closer than 9 Å
  double clarity = 0;       ///< mean probability of those contacts
  double hand = 0;          ///< hand score of the model
  double expected = 0;      ///< mean of expected_lddt
};

/// Of each residue, 0–1: the lDDT that the histograms expect of a model, over its pairs closer than
/// 15 Å (Cβ); 0.5 for a residue without any.
std::vector<double> expected_lddt(const DistanceMap& distances,
                                  std::span<const BackboneResidue> chain);

/// The L most likely contacts with |i−j| ≥ 6, most likely first.
std::vector<DistanceMap::Pair> top_contacts(const DistanceMap& distances);
/// Mean probability of contacts, 0 for none.
double mean_probability(std::span<const DistanceMap::Pair> contacts);
/// The share of contacts closer than 9 Å (Cβ) in a model, 0 for none.
double satisfaction(std::span<const DistanceMap::Pair> contacts,
                    std::span<const BackboneResidue> chain);

/// Estimated TM-score to the native, 0–1: linear in the evidence.
double estimate_tm(const Evidence& evidence);

/// Estimated pLDDT of a residue, 0–100, from its agreement between models (lDDT, 0–1) and its
/// expected lDDT.
double estimate_plddt(double agreement, double expected);

}  // namespace foldstream::workflows::predict
