// Scores and alignments: the SIMD kernel and the traceback against the plainest code there is.
#include "search/kernel.hpp"
#include "search/profile.hpp"
#include "search/statistics.hpp"
#include "search/traceback.hpp"
#include "search_support.hpp"
#include "test_support.hpp"

namespace foldstream::workflows::search {
namespace {

using test::mutated;
using test::random_protein;
using test::tokens_of;

/// Best local score by the recurrences of Gotoh, cell by cell.
int plain_score(const Profile& profile, const std::vector<std::uint8_t>& target, GapCosts gaps) {
  const int none = -1'000'000;
  std::vector<int> best(target.size() + 1, 0), down(target.size() + 1, none);
  int highest = 0;
  for (int i = 0; i < profile.length; ++i) {
    int diagonal = 0, right = none;
    for (std::size_t j = 1; j <= target.size(); ++j) {
      down[j] = std::max(best[j] - gaps.open, down[j] - gaps.extend);
      right = std::max(best[j - 1] - gaps.open, right - gaps.extend);
      const int pair = diagonal + profile.row(i)[target[j - 1]];
      diagonal = best[j];
      best[j] = std::max({0, pair, down[j], right});
      highest = std::max(highest, best[j]);
    }
  }
  return highest;
}

/// What an alignment scores when its path is walked.
int path_score(const LocalAlignment& alignment, const Profile& profile,
               const std::vector<std::uint8_t>& target, GapCosts gaps) {
  int score = 0, i = alignment.profile_begin, j = alignment.target_begin;
  char before = 'M';
  for (const char step : alignment.path) {
    if (step == 'M') {
      score += profile.row(i++)[target[static_cast<std::size_t>(j++)]];
    } else {
      score -= step == before ? gaps.extend : gaps.open;
      (step == 'D' ? i : j) += 1;
    }
    before = step;
  }
  EXPECT_EQ(i, alignment.profile_end);
  EXPECT_EQ(j, alignment.target_end);
  return score;
}

/// Random pairs, every second one related; the last ones long, with scores beyond 8 and 16 bits.
template <class Check>
void for_pairs(Check&& check) {
  std::mt19937_64 random(11);
  for (std::size_t i = 0; i < 60; ++i) {
    const std::size_t length = i < 58 ? 1 + test::pick(random, 150) : 900 + 6000 * (i - 58);
    const std::string query = random_protein(random, length);
    const std::string target = i % 2 == 0 && i < 58
                                   ? random_protein(random, 1 + test::pick(random, 200))
                                   : mutated(random, query, i < 58 ? 30 : 1);
    check(query_profile(tokens_of(query), 1), tokens_of(target));
  }
}

TEST(Kernel, ScoresAsTheRecurrencesDo) {
  const GapCosts gaps;
  for_pairs([&](const Profile& profile, const std::vector<std::uint8_t>& target) {
    if (target.empty()) return;
    EXPECT_EQ(Kernel(profile, gaps).score(target).score, plain_score(profile, target, gaps));
  });
}

TEST(Kernel, ScoresAProfileAsTheRecurrencesDo) {
  std::mt19937_64 random(3);
  const std::string query = random_protein(random, 120);
  std::vector<ProfileRow> rows;
  for (int i = 0; i < 20; ++i) rows.push_back(tokens_of(random_protein(random, 120)));
  const Profile profile = profile_from(rows, tokens_of(query), 1);

  const auto target = tokens_of(mutated(random, query, 20));

  EXPECT_EQ(Kernel(profile, {}).score(target).score, plain_score(profile, target, {}));
}

TEST(Kernel, CountsScoresBeyondSixteenBits) {
  const std::vector<std::uint8_t> query(4000, io::token_of('W'));

  EXPECT_EQ(Kernel(query_profile(query, 1), {}).score(query).score, 44'000);
}

TEST(Kernel, ScoresNothingForAnEmptyTarget) {
  EXPECT_EQ(Kernel(query_profile(tokens_of("ACD"), 1), {}).score({}).score, 0);
}

TEST(Traceback, HasTheScoreItWasAskedFor) {
  const GapCosts gaps;
  for_pairs([&](const Profile& profile, const std::vector<std::uint8_t>& target) {
    if (target.empty()) return;
    const LocalScore end = Kernel(profile, gaps).score(target);
    if (end.score == 0) return;
    EXPECT_EQ(path_score(trace(profile, gaps, target, end), profile, target, gaps), end.score);
  });
}

TEST(Traceback, RefusesAnEndThatDoesNotFit) {
  const Profile profile = query_profile(tokens_of("ACDEFGH"), 1);

  test::expect_error(ErrorKind::Internal, "no alignment of score 99", [&] {
    trace(profile, {}, tokens_of("ACDEFGH"), {99, 6, 6});
  });
}

TEST(Profile, OfOneRowFavoursWhatBlosumFavours) {
  const auto query = tokens_of("WCHKLMAGEIRND");

  const Profile profile = profile_from({query}, query, 1);

  for (int i = 0; i < profile.length; ++i) {
    const auto row = profile.row(i);
    const auto best = std::max_element(row.begin(), row.end()) - row.begin();
    EXPECT_EQ(best, query[static_cast<std::size_t>(i)]);
  }
}

TEST(Profile, ConservedColumnsOutweighVariableOnes) {
  std::vector<ProfileRow> rows;
  for (const char letter : io::amino_acids) rows.push_back(tokens_of(std::string("LL") + letter));

  const Profile profile = profile_from(rows, rows.front(), 1);

  EXPECT_GT(profile.row(0)[io::token_of('L')], profile.row(2)[io::token_of('L')] + 1);
}

TEST(Statistics, EvaluesFallWithTheScoreAndInvert) {
  const Profile profile = query_profile(std::vector<std::uint8_t>(200, 0), 1);
  const Statistics statistics(profile, {.residues = 10'000'000, .sequences = 30'000}, 0.041);

  for (int score = 20; score < 400; ++score) {
    EXPECT_LT(statistics.evalue(score + 1), statistics.evalue(score));
  }
  EXPECT_NEAR(statistics.evalue(statistics.score_at(1e-3)), 1e-3, 1e-9);
}

TEST(Statistics, EvaluesGrowWithTheDatabase) {
  const Profile profile = query_profile(std::vector<std::uint8_t>(200, 0), 1);
  const Statistics small(profile, {.residues = 1'000'000, .sequences = 3'000}, 0.041);
  const Statistics large(profile, {.residues = 10'000'000, .sequences = 30'000}, 0.041);

  EXPECT_NEAR(large.evalue(80) / small.evalue(80), 10, 2.5);
}

TEST(Statistics, KOfARandomQueryIsNearThePublishedOne) {
  std::mt19937_64 random(5);
  const Profile profile = query_profile(tokens_of(random_protein(random, 300)), 1);

  const double k = fitted_k(profile, Kernel(profile, {}));

  EXPECT_GT(k, 0.02);
  EXPECT_LT(k, 0.2);
}

TEST(CompositionCorrection, LowersTheScoreOfALookalikeComposition) {
  std::mt19937_64 random(5);
  const CompositionCorrection correction(
      query_profile(tokens_of(random_protein(random, 60) + std::string(60, 'E')), 1));

  EXPECT_LT(correction.factor(tokens_of(std::string(80, 'E') + "ACDKLM")), 0.8);
  EXPECT_GT(correction.factor(tokens_of(random_protein(random, 300))), 0.9);
}

}  // namespace
}  // namespace foldstream::workflows::search
