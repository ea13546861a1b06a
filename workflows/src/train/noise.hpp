// Coupling maps as they could look for a chain that has a structure but no alignment.
#pragma once

#include "chain.hpp"
#include "predict/couplings.hpp"
#include "predict/random.hpp"

#include <foldstream/io/safetensors.hpp>

#include <span>
#include <vector>

namespace foldstream::workflows::train {

/// A coupling map of a chain whose structure is known.
struct KnownMap {
  const Chain* chain = nullptr;
  predict::PairMap z;
};

/// Quantiles of z given separation, Cβ distance and kind of the pair, in groups of maps from poor
/// to good. Thousands of structures can so teach what patterns of contacts look like, while few
/// alignments teach only what noise looks like.
class NoiseTables {
 public:
  /// Counts `maps`, which are sorted into groups by the precision of their top L pairs.
  static NoiseTables measure(std::span<const KnownMap> maps);
  static NoiseTables from(const io::Safetensors& file);
  io::Safetensors file() const;

  /// A map of `chain`: for each pair a quantile, in part shared by the pairs of a residue and by
  /// neighbouring pairs, read from the table of a random group.
  predict::PairMap draw(const Chain& chain, predict::Random& random) const;

 private:
  std::vector<float> quantiles_;  ///< [groups, keys, levels]
};

}  // namespace foldstream::workflows::train
