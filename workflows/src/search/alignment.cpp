#include "alignment.hpp"
#include "traceback.hpp"

#include <foldstream/error.hpp>

#include <cctype>
#include <cstdio>

namespace foldstream::workflows::search {
namespace {

constexpr std::size_t longest_query = 40'000;

char lower(char letter) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
}

/// The row in A3M notation.
std::string a3m_of(const LocalAlignment& alignment, std::span<const std::uint8_t> target,
                   int columns) {
  std::string a3m(static_cast<std::size_t>(alignment.profile_begin), '-');
  auto next = static_cast<std::size_t>(alignment.target_begin);
  for (const char step : alignment.path) {
    if (step == 'D') {
      a3m += '-';
      continue;
    }
    const char letter = io::letter_of(target[next++]);
    a3m += step == 'M' ? letter : lower(letter);
  }
  return a3m.append(static_cast<std::size_t>(columns - alignment.profile_end), '-');
}

/// Fills in identity and coverage.
void count_pairs(Hit& hit, const LocalAlignment& alignment, std::span<const std::uint8_t> query,
                 std::span<const std::uint8_t> target) {
  int pairs = 0, identical = 0;
  auto q = static_cast<std::size_t>(alignment.profile_begin);
  auto t = static_cast<std::size_t>(alignment.target_begin);
  for (const char step : alignment.path) {
    if (step == 'M') {
      ++pairs;
      identical += query[q] == target[t] && query[q] < io::unknown_token;
    }
    q += step != 'I';
    t += step != 'D';
  }
  hit.identity = pairs > 0 ? static_cast<double>(identical) / pairs : 0;
  hit.coverage = static_cast<double>(pairs) / static_cast<double>(query.size());
}

std::string row_description(const Hit& hit) {
  char text[96];
  std::snprintf(text, sizeof(text), "range=%d-%d bits=%.1f evalue=%.2g", hit.target_begin + 1,
                hit.target_end, hit.bits, hit.evalue);
  return text;
}

AlignedHit align_one(const Candidate& candidate, const Scorer& scorer,
                     std::span<const std::uint8_t> query, const Database& database) {
  const auto target = database.sequence(candidate.index);
  const LocalAlignment alignment =
      trace(scorer.profile, scorer.kernel.gaps(), target, candidate.end);
  AlignedHit aligned;
  Hit& hit = aligned.hit;
  hit.index = candidate.index;
  hit.name = database.name(candidate.index);
  hit.score = candidate.score / scorer.profile.scale;
  hit.bits = scorer.statistics.bits(candidate.score);
  hit.evalue = candidate.evalue;
  hit.query_begin = alignment.profile_begin;
  hit.query_end = alignment.profile_end;
  hit.target_begin = alignment.target_begin;
  hit.target_end = alignment.target_end;
  count_pairs(hit, alignment, query, target);
  aligned.row = {hit.name, row_description(hit), a3m_of(alignment, target, scorer.profile.length)};
  return aligned;
}

}  // namespace

std::vector<AlignedHit> align(const std::vector<Candidate>& candidates, const Scorer& scorer,
                              std::span<const std::uint8_t> query, const Database& database,
                              const Context& context) {
  std::vector<AlignedHit> aligned(candidates.size());
  parallel_for(context, static_cast<int>(candidates.size()), [&](int i) {
    const auto k = static_cast<std::size_t>(i);
    aligned[k] = align_one(candidates[k], scorer, query, database);
  });
  return aligned;
}

ProfileRow profile_row(const AlignedHit& aligned) {
  ProfileRow row;
  for (const char letter : aligned.row.a3m) {
    if (!std::islower(static_cast<unsigned char>(letter))) row.push_back(io::token_of(letter));
  }
  const auto end = static_cast<std::ptrdiff_t>(aligned.hit.query_end);
  std::fill_n(row.begin(), aligned.hit.query_begin, outside_token);
  std::fill(row.begin() + end, row.end(), outside_token);
  return row;
}

std::vector<std::uint8_t> query_tokens(const io::Sequence& query) {
  if (query.residues.empty() || query.length() > longest_query) {
    throw Error(ErrorKind::InvalidArgument,
                "query '" + query.name + "' has " + std::to_string(query.length()) +
                    " residues; a search takes 1 to " + std::to_string(longest_query) + ".");
  }
  std::vector<std::uint8_t> tokens;
  for (const char letter : query.residues) {
    tokens.push_back(io::token_of(letter));
    if (tokens.back() <= io::unknown_token) continue;
    throw Error(ErrorKind::InvalidArgument,
                "query '" + query.name + "', position " + std::to_string(tokens.size()) +
                    ": expected a residue letter, found '" + letter + "'.");
  }
  return tokens;
}

}  // namespace foldstream::workflows::search
