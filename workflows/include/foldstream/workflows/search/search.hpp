// Sequence search: a query against a database, exhaustively, with profile iterations.
#pragma once

#include <foldstream/context.hpp>
#include <foldstream/io/msa.hpp>
#include <foldstream/io/sequence.hpp>
#include <foldstream/workflows/search/database.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace foldstream::workflows::search {

/// How to search. Scores are BLOSUM62 with gaps of cost 11 + length: the E-values hold for these.
struct SearchOptions {
  double max_evalue = 10;          ///< hits above are not reported; > 0
  double inclusion_evalue = 1e-3;  ///< hits up to here enter the profile and the alignment; ≥ 0
  int iterations = 3;       ///< passes over the database, the first with the query alone; ≥ 1
  int max_rows = 20'000;    ///< the best hits kept, and so the depth of the alignment; ≥ 1
  double min_coverage = 0;  ///< part of the query a row of the alignment must cover, 0–1
  /// Size of the whole database where `Database` is a shard of it, so that all shards give the
  /// E-values of the whole; 0 = that of the database given.
  std::uint64_t database_residues = 0;
  std::uint64_t database_sequences = 0;
};

/// The best local alignment of the query with one sequence. Ranges count from 0 and are half-open.
struct Hit {
  std::uint64_t index = 0;  ///< in the database
  std::string name;
  double score = 0;   ///< half bits, after the correction for composition
  double bits = 0;    ///< normalised score
  double evalue = 0;  ///< expected number of unrelated sequences that score as high
  int query_begin = 0, query_end = 0;
  int target_begin = 0, target_end = 0;
  double identity = 0;    ///< identical residues over aligned pairs, 0–1
  double coverage = 0;    ///< part of the query's positions that face a residue, 0–1
  bool included = false;  ///< whether it is a row of the alignment

  friend bool operator==(const Hit&, const Hit&) = default;
};

struct SearchResult {
  io::Msa msa;            ///< the query, then the included hits in the order of `hits`
  std::vector<Hit> hits;  ///< by E-value, then by index
  int rounds = 0;         ///< passes made; fewer than asked for if no new hits came
  bool converged = false;

  friend bool operator==(const SearchResult&, const SearchResult&) = default;
};

/// Finds the sequences of `database` that are related to `query`.
///
/// Every sequence is scored by Smith–Waterman, first with BLOSUM62, then with a position-specific
/// profile of the hits up to `inclusion_evalue`. Scores are lowered for targets of a composition
/// that favours the profile; K of the statistics is fitted to random sequences for each profile.
/// The result is the same for any number of threads. Memory: the hits kept, times the query length.
/// @throws foldstream::Error{InvalidArgument} for an empty query, one of more than 40,000 residues
/// or
///         with characters that are no residues, or options out of range; {Cancelled}.
SearchResult search(const io::Sequence& query, const Database& database,
                    const SearchOptions& options, const Context& context);

/// What a search needs, for planning.
struct SearchCost {
  double seconds = 0;       ///< of one thread
  std::uint64_t bytes = 0;  ///< of memory beside the mapped database
};

/// Measured on AVX2: about 5·10⁹ cells a second, and what the hits need at most.
SearchCost search_cost(std::size_t query_length, std::uint64_t database_residues,
                       const SearchOptions& options);

}  // namespace foldstream::workflows::search
