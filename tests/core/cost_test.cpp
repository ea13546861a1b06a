// The cost book: estimates approach what is measured, and noise teaches nothing.
#include "test_support.hpp"

#include <foldstream/cost.hpp>

namespace foldstream {
namespace {

TEST(CostBook, LeavesTheEstimateOfAnUnknownTask) {
  const CostBook book;

  const Cost cost = book.corrected("search", {10, 2'000'000, 3, 4});

  EXPECT_EQ(cost.seconds, 10);
  EXPECT_EQ(cost.bytes, 2'000'000);
  EXPECT_EQ(cost.scratch_bytes, 3);
  EXPECT_EQ(cost.device_bytes, 4);
}

TEST(CostBook, ConvergesToWhatIsMeasured) {
  CostBook book;
  std::mt19937 random(1);
  std::lognormal_distribution<> noise(0, 0.2);

  for (int i = 0; i < 400; ++i) book.learn("search", {10, 0, 0, 0}, {30 * noise(random), 0, 0, 0});

  EXPECT_NEAR(book.corrected("search", {10, 0, 0, 0}).seconds, 30, 3);
  EXPECT_EQ(book.corrected("predict", {10, 0, 0, 0}).seconds, 10);
}

TEST(CostBook, FollowsAChangeOfTheMachine) {
  CostBook book;
  for (int i = 0; i < 1000; ++i) book.learn("search", {10, 0, 0, 0}, {10, 0, 0, 0});

  for (int i = 0; i < 300; ++i) book.learn("search", {10, 0, 0, 0}, {40, 0, 0, 0});

  EXPECT_NEAR(book.corrected("search", {10, 0, 0, 0}).seconds, 40, 1);
}

TEST(CostBook, TakesTheFirstMeasurementAsItIs) {
  CostBook book;

  book.learn("search", {10, 4'000'000, 0, 0}, {5, 1'000'000, 0, 0});

  EXPECT_DOUBLE_EQ(book.corrected("search", {10, 0, 0, 0}).seconds, 5);
  EXPECT_EQ(book.corrected("search", {0, 8'000'000, 0, 0}).bytes, 2'000'000);
}

TEST(CostBook, OfMemoryTheLargestCounts) {
  CostBook book;

  for (const std::uint64_t bytes : {2'000'000, 6'000'000, 3'000'000})
    book.learn("search", {0, 2'000'000, 0, 0}, {0, bytes, 0, 0});

  EXPECT_EQ(book.corrected("search", {0, 2'000'000, 0, 0}).bytes, 6'000'000);
  EXPECT_EQ(book.factors().at("search").bytes_samples, 3);
}

TEST(CostBook, NoiseTeachesNothing) {
  CostBook book;

  book.learn("tiny", {1e-4, 1000, 0, 0}, {5, 50'000'000, 0, 0});
  book.learn("unmeasured", {10, 2'000'000, 0, 0}, {});
  book.learn("unestimated", {}, {10, 2'000'000, 0, 0});

  EXPECT_TRUE(book.factors().empty());
}

TEST(CostBook, AnotherBookGoesOnWithItsFactors) {
  CostBook book;
  book.learn("search", {10, 2'000'000, 0, 0}, {20, 1'000'000, 0, 0});

  const CostBook next(book.factors());

  EXPECT_EQ(next.factors(), book.factors());
  EXPECT_DOUBLE_EQ(next.corrected("search", {10, 0, 0, 0}).seconds, 20);
}

}  // namespace
}  // namespace foldstream
