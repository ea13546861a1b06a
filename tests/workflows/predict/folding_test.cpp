#include "folding_input.hpp"
#include "predict/models.hpp"
#include "test_support.hpp"

#include <foldstream/workflows/score/tm_score.hpp>

#include <map>

namespace foldstream::workflows::predict {
namespace {

using test::expect_error;

FoldingInput small_protein() { return test::folding_input(test::two_helices(36)); }

FoldingOptions quick(int groups, int steps) {
  FoldingOptions options;
  options.groups = groups;
  options.steps = steps;
  return options;
}

std::vector<std::vector<double>> torsions_of(const std::vector<Trajectory>& trajectories) {
  std::vector<std::vector<double>> all;
  for (const Trajectory& trajectory : trajectories) all.push_back(trajectory.torsions);
  return all;
}

TEST(Folding, FindsTheShapeThatItIsToldOf) {
  const auto trajectories = fold(small_protein(), quick(1, 200), {});
  const auto best =
      std::min_element(trajectories.begin(), trajectories.end(),
                       [](const auto& a, const auto& b) { return a.selection < b.selection; });

  std::vector<Vec3> expected;
  for (const auto& residue : test::chain_of(test::two_helices(36))) expected.push_back(residue.ca);
  EXPECT_GT(score::tm_score(best->ca, expected), 0.85);
}

TEST(Folding, GivesTheSameBytesOnAnyNumberOfThreads) {
  Context many;
  many.threads = 3;

  EXPECT_EQ(torsions_of(fold(small_protein(), quick(3, 25), {})),
            torsions_of(fold(small_protein(), quick(3, 25), many)));
}

TEST(Folding, TellsOfTrajectoriesInOrder) {
  Context many;
  many.threads = 3;
  FoldingOptions options = quick(3, 10);
  std::vector<int> told;
  options.on_trajectory = [&](const Trajectory&, int index) { told.push_back(index); };

  const auto trajectories = fold(small_protein(), options, many);

  ASSERT_EQ(told.size(), trajectories.size());
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
  EXPECT_EQ(told.back(), 47);
}

TEST(Folding, GoesOnWhereAnEarlierRunEnded) {
  FoldingOptions options = quick(3, 20);
  const auto whole = fold(small_protein(), options, {});
  options.finished = [&](int group) -> std::optional<std::vector<Trajectory>> {
    if (group != 1) return std::nullopt;
    return std::vector<Trajectory>(whole.begin() + group_size, whole.begin() + 2 * group_size);
  };
  int told = 0;
  options.on_trajectory = [&](const Trajectory&, int) { ++told; };

  EXPECT_EQ(torsions_of(fold(small_protein(), options, {})), torsions_of(whole));
  EXPECT_EQ(told, 2 * group_size);
}

TEST(Folding, StopsWhenAsked) {
  std::stop_source source;
  source.request_stop();
  Context context;
  context.stop = source.get_token();

  expect_error(ErrorKind::Cancelled, "", [&] { fold(small_protein(), quick(1, 400), context); });
}

TEST(Folding, AnotherSeedGivesAnotherTrajectory) {
  FoldingOptions other = quick(1, 10);
  other.seed = 5;

  EXPECT_NE(fold(small_protein(), quick(1, 10), {})[0].torsions,
            fold(small_protein(), other, {})[0].torsions);
}

TEST(Models, AreDistinctAndTheBestComesFirst) {
  const FoldingInput input = small_protein();
  const auto trajectories = fold(input, quick(2, 60), {});

  const auto models =
      choose_models({"two helices", "", input.residues}, input.distances, trajectories, 3, {});

  ASSERT_FALSE(models.empty());
  for (const Trajectory& trajectory : trajectories) {
    EXPECT_LE(models.front().energy, trajectory.selection);
  }
  EXPECT_EQ(models.front().plddt.size(), 36U);
}

}  // namespace
}  // namespace foldstream::workflows::predict
