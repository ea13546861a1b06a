#include "alignment.hpp"
#include "scan.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/search/search.hpp>

#include <algorithm>
#include <cmath>

namespace foldstream::workflows::search {
namespace {

constexpr double cells_per_second = 5e9;
constexpr int score_scale = 1;

void check_options(const SearchOptions& options) {
  const auto refuse = [](const char* name, const std::string& value, const char* range) {
    throw Error(ErrorKind::InvalidArgument, std::string("search: option '") + name + "' is " +
                                                value + "; it must be " + range + ".");
  };
  if (!(options.max_evalue > 0))
    refuse("max_evalue", std::to_string(options.max_evalue), "above 0");
  if (!(options.inclusion_evalue >= 0)) {
    refuse("inclusion_evalue", std::to_string(options.inclusion_evalue), "0 or more");
  }
  if (options.iterations < 1) refuse("iterations", std::to_string(options.iterations), "1 or more");
  if (options.max_rows < 1) refuse("max_rows", std::to_string(options.max_rows), "1 or more");
  if (!(options.min_coverage >= 0 && options.min_coverage <= 1)) {
    refuse("min_coverage", std::to_string(options.min_coverage), "between 0 and 1");
  }
}

SearchSpace space_of(const Database& database, const SearchOptions& options) {
  return {
      .residues = options.database_residues > 0 ? options.database_residues : database.residues(),
      .sequences = options.database_sequences > 0 ? options.database_sequences : database.size()};
}

/// Context whose progress is that of pass `round` of `rounds`.
Context pass_context(const Context& context, int round, int rounds) {
  Context pass = context;
  pass.progress = [&context, round, rounds](double fraction, std::string_view what) {
    context.report((round + fraction) / rounds, what);
  };
  return pass;
}

std::vector<std::uint64_t> indices(const std::vector<Candidate>& candidates) {
  std::vector<std::uint64_t> result;
  for (const Candidate& candidate : candidates) result.push_back(candidate.index);
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<Candidate> up_to(const std::vector<Candidate>& candidates, double evalue) {
  std::vector<Candidate> result;
  for (const Candidate& candidate : candidates) {
    if (candidate.evalue <= evalue) result.push_back(candidate);
  }
  return result;
}

SearchResult collect(const io::Sequence& query, std::vector<AlignedHit> aligned,
                     const SearchOptions& options) {
  SearchResult result;
  result.msa.rows.push_back({query.name, query.description, query.residues});
  for (AlignedHit& one : aligned) {
    one.hit.included =
        one.hit.evalue <= options.inclusion_evalue && one.hit.coverage >= options.min_coverage;
    if (one.hit.included) result.msa.rows.push_back(std::move(one.row));
    result.hits.push_back(std::move(one.hit));
  }
  return result;
}

/// One search, pass after pass.
class Iterations {
 public:
  Iterations(const Database& database, const SearchOptions& options,
             std::span<const std::uint8_t> query)
      : database_(database), options_(options), query_(query) {}

  std::vector<AlignedHit> run(const Context& context) {
    Profile profile = query_profile(query_, score_scale);
    std::vector<std::uint64_t> previous;
    for (rounds_ = 1;; ++rounds_) {
      const Scorer scorer(profile, space_of(database_, options_));
      const auto found =
          scan(database_, scorer, std::max(options_.max_evalue, options_.inclusion_evalue),
               static_cast<std::size_t>(options_.max_rows),
               pass_context(context, rounds_ - 1, options_.iterations));
      const auto included = up_to(found, options_.inclusion_evalue);
      converged_ = indices(included) == previous;
      if (converged_ || rounds_ == options_.iterations) {
        return align(up_to(found, options_.max_evalue), scorer, query_, database_, context);
      }
      previous = indices(included);
      profile = next_profile(align(included, scorer, query_, database_, context));
    }
  }

  int rounds() const { return rounds_; }
  bool converged() const { return converged_; }

 private:
  Profile next_profile(const std::vector<AlignedHit>& aligned) const {
    std::vector<ProfileRow> rows = {ProfileRow(query_.begin(), query_.end())};
    for (const AlignedHit& one : aligned) {
      if (one.hit.coverage >= options_.min_coverage) rows.push_back(profile_row(one));
    }
    return profile_from(rows, query_, score_scale);
  }

  const Database& database_;
  const SearchOptions& options_;
  std::span<const std::uint8_t> query_;
  int rounds_ = 0;
  bool converged_ = false;
};

}  // namespace

SearchResult search(const io::Sequence& query, const Database& database,
                    const SearchOptions& options, const Context& context) {
  check_options(options);
  const std::vector<std::uint8_t> tokens = query_tokens(query);
  Iterations iterations(database, options, tokens);
  SearchResult result = collect(query, iterations.run(context), options);
  result.rounds = iterations.rounds();
  result.converged = iterations.converged();
  context.report(1, std::to_string(result.msa.rows.size() - 1) + " homologs");
  return result;
}

SearchCost search_cost(std::size_t query_length, std::uint64_t database_residues,
                       const SearchOptions& options) {
  const auto length = static_cast<double>(query_length);
  const double cells = length * static_cast<double>(database_residues) * options.iterations;
  // a row three times over (A3M, alignment, profile), the box of one traceback, profile lanes
  const double rows = std::min(static_cast<double>(options.max_rows),
                               static_cast<double>(database_residues) / 50.0);
  return {.seconds = 0.05 + cells / cells_per_second,
          .bytes = static_cast<std::uint64_t>(rows * (3 * length + 600) + 2 * length * length +
                                              2000 * length + 1e6)};
}

}  // namespace foldstream::workflows::search
