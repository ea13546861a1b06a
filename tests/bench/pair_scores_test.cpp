// The benchmark's own arithmetic: what it prints is what it says it is.
#include "bench/bars.hpp"
#include "bench/coupling_peer.hpp"
#include "bench/pair_scores.hpp"
#include "bench/tm_program.hpp"
#include "test_support.hpp"

#include <foldstream/workflows/score/tm_score.hpp>

#include <algorithm>
#include <cmath>

namespace {

using namespace foldstream;
using namespace foldstream::bench;

// A hairpin: residues i and 2n−1−i lie 5 Å apart, neighbours along the chain 3.8 Å.
Pair hairpin(int half) {
  Pair pair;
  for (int i = 0; i < 2 * half; ++i) {
    const bool back = i >= half;
    const io::Vec3 at{back ? 5.0 : 0.0, 3.8 * (back ? 2 * half - 1 - i : i), 0.2 * i * i};
    pair.native.push_back(io::Residue{"ALA", i + 1, ' ', {{"CA", "C", at, 0, 1}}});
  }
  pair.query.residues = std::string(pair.native.size(), 'A');
  return pair;
}

TEST(PairScores, PrecisionCountsOnlyTheBestScoredPairs) {
  Pair pair = hairpin(5);
  std::vector<float> scores(100, 0);
  scores[0 * 10 + 9] = 2;  // far apart along z: no contact
  scores[1 * 10 + 8] = 3;  // no contact either
  for (auto& residue : pair.native) residue->atoms.front().position.z = 0;

  EXPECT_EQ(contact_precision(pair, scores).fifth, 1);
  pair.native[1]->atoms.front().position.x = 100;
  EXPECT_EQ(contact_precision(pair, scores).fifth, 0.5);
}

TEST(PairScores, PrecisionLeavesOutWhatIsNotResolved) {
  Pair pair = hairpin(5);
  for (auto& residue : pair.native) residue->atoms.front().position.z = 0;
  std::vector<float> scores(100, 0);
  scores[0 * 10 + 8] = 1;
  scores[0 * 10 + 9] = 2;
  scores[1 * 10 + 8] = 3;
  pair.native[1]->atoms.front().position.x = 100;
  EXPECT_EQ(contact_precision(pair, scores).fifth, 0.5);

  pair.native[1].reset();

  EXPECT_EQ(contact_precision(pair, scores).fifth, 1);
}

TEST(PairScores, AModelEqualToTheNativeScoresOneAndItsMirrorImageLess) {
  const Pair pair = hairpin(20);
  const auto native = native_ca(pair);

  EXPECT_NEAR(judge_tm(native, native, pair.query.residues), 1, 1e-3);
  EXPECT_LT(judge_tm(mirrored(native), native, pair.query.residues), 0.9);
}

TEST(PairScores, JudgesTheResiduesThatBothHave) {
  const Pair pair = hairpin(20);
  auto model = native_ca(pair), native = native_ca(pair);
  for (std::size_t i = 0; i < model.size(); ++i)
    model[i]->x += std::sin(0.7 * static_cast<double>(i)) * 3;
  model[3].reset();
  native[30].reset();
  std::vector<io::Vec3> ours, theirs;
  for (std::size_t i = 0; i < model.size(); ++i) {
    if (model[i] && native[i]) ours.push_back(*model[i]);
    if (model[i] && native[i]) theirs.push_back(*native[i]);
  }

  EXPECT_NEAR(judge_tm(model, native, pair.query.residues),
              workflows::score::tm_score(ours, theirs), 0.002);
}

TEST(PairScores, ThePlddtOfAPerfectModelIsComparedWithAHundred) {
  const Pair pair = hairpin(20);
  const std::vector<double> plddt(40, 90);

  const LddtCheck check = check_lddt(pair, native_ca(pair), plddt);

  EXPECT_NEAR(check.lddt, 100, 1e-9);
  EXPECT_NEAR(check.difference, 10, 1e-9);
}

TEST(PairScores, CorrelationIsPearsons) {
  const std::vector<double> x{1, 2, 3, 4}, falling{8, 6, 4, 2}, flat{5, 5, 5, 5};

  EXPECT_NEAR(correlation(x, falling), -1, 1e-12);
  EXPECT_EQ(correlation(x, flat), 0);
}

TEST(MutualInformation, FindsTheColumnsThatChangeTogether) {
  io::Msa msa;
  for (int n = 0; n < 64; ++n) {
    std::string row = "ACDEFG";
    row[0] = "AC"[n % 2];
    row[1] = "DE"[n / 2 % 2];
    row[2] = "FG"[n / 4 % 2];
    row[4] = "HI"[n / 8 % 2];
    row[5] = row[1] == 'D' ? 'K' : 'E';
    msa.rows.push_back({"r" + std::to_string(n), "", row});
  }

  const auto scores = mutual_information(msa, {});

  EXPECT_EQ(std::max_element(scores.begin(), scores.end()) - scores.begin(), 1 * 6 + 5);
}

TEST(Bars, AFailedProteinCountsAsNothing) {
  const Pair pair = hairpin(20);
  PairResult good, failed;
  good.pair = failed.pair = &pair;
  good.tm = 0.8;
  failed.failure = "too few homologs";

  const std::vector<Bar> bars = potts_bars({good, failed});
  const auto all = std::find_if(bars.begin(), bars.end(), [](const Bar& bar) {
    return bar.name == "TM-score of model 1, all 2";
  });

  ASSERT_NE(all, bars.end());
  EXPECT_NEAR(all->value, 0.4, 1e-12);
}

}  // namespace
