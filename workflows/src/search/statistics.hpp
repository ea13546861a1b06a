// How surprising a score is: Karlin–Altschul statistics of gapped local alignments.
#pragma once

#include "kernel.hpp"
#include "profile.hpp"

#include <cstdint>
#include <span>

namespace foldstream::workflows::search {

/// The size of the search space. Shards of one database all use the size of the whole.
struct SearchSpace {
  std::uint64_t residues = 0;
  std::uint64_t sequences = 0;
};

/// E-values of a profile with gap costs 11 + k against a database.
///
/// E = K m' n' exp(−λ S), where m' is the query's length and n' that of the database, less the
/// length an alignment is expected to take of each [Altschul & Gish 1996; Altschul et al. 2001],
/// the mean of that against one sequence and that against all. λ = 0.267 a half bit (BLOSUM62, 11,
/// 1); K is fitted to scores of random sequences.
class Statistics {
 public:
  Statistics(const Profile& profile, SearchSpace space, double k);

  /// Expected number of unrelated sequences of the database that score so high.
  double evalue(double score) const;
  double bits(double score) const;
  /// The lowest score whose E-value is at most `evalue`.
  double score_at(double evalue) const;
  double k() const { return k_; }

 private:
  double lambda_;  // a score unit
  double k_;
  double log_space_;
};

/// Factor ≤ 1 for the score against a target of unusual composition: the ungapped λ of the profile
/// there over the λ it has in the background [Schäffer et al. 2001].
class CompositionCorrection {
 public:
  explicit CompositionCorrection(const Profile& profile);
  double factor(std::span<const std::uint8_t> target) const;

 private:
  double lambda_of(std::span<const double> frequencies) const;

  int lowest_ = 0;
  int levels_ = 0;
  std::vector<double> histogram_;  // [20, levels]: how often a residue has each score
  double standard_ = 0;
};

/// K of a profile, from its scores against 400 random sequences with the background composition;
/// always the same for the same profile. λ is held. Within [0.01, 2].
double fitted_k(const Profile& profile, const Kernel& kernel);

/// How many residues an expected alignment takes from a query of `m` in a space: BLAST's length
/// adjustment, for a space of one or many sequences.
double length_adjustment(double m, SearchSpace space, double k);

}  // namespace foldstream::workflows::search
