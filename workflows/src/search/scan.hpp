// One pass over a database: the sequences whose score is good enough.
#pragma once

#include "kernel.hpp"
#include "statistics.hpp"

#include <foldstream/context.hpp>
#include <foldstream/workflows/search/database.hpp>

#include <cstdint>
#include <vector>

namespace foldstream::workflows::search {

struct Candidate {
  std::uint64_t index = 0;
  LocalScore end;
  double score = 0;  ///< after the correction for composition
  double evalue = 0;
};

/// What a pass needs to know of its profile.
struct Scorer {
  Scorer(const Profile& from, SearchSpace space)
      : profile(from),
        kernel(profile, {.open = 12 * from.scale, .extend = from.scale}),
        composition(profile),
        statistics(profile, space, fitted_k(profile, kernel)) {}

  const Profile profile;
  const Kernel kernel;
  const CompositionCorrection composition;
  const Statistics statistics;
};

/// The `limit` best sequences with an E-value up to `max_evalue`, by E-value, then by index.
std::vector<Candidate> scan(const Database& database, const Scorer& scorer, double max_evalue,
                            std::size_t limit, const Context& context);

}  // namespace foldstream::workflows::search
