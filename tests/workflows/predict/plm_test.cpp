#include "families.hpp"
#include "predict/lbfgs.hpp"
#include "predict/plm.hpp"
#include "test_support.hpp"

#include <foldstream/workflows/predict/predictor.hpp>

#include <algorithm>
#include <cmath>

namespace foldstream::workflows::predict {
namespace {

Alignment family(int rows, int columns) {
  return read_alignment(test::coupled_family(rows, columns), rows, {});
}

TEST(PseudoLikelihood, HasTheGradientOfItsValue) {
  const Alignment alignment = family(40, 22);
  const ColumnLikelihood likelihood(alignment, 5, {});
  std::vector<float> x = likelihood.start();
  for (std::size_t k = 0; k < x.size(); ++k) x[k] += 0.1F * std::sin(static_cast<float>(k));
  std::vector<float> slope(x.size()), ignored(x.size());
  likelihood(x, slope);

  // a field, and the couplings to three states of columns 20, 0 and 21
  for (const std::size_t row : {0U, 1 + 21 * 20 + 3U, 1U, 1 + 21 * 21 + 9U}) {
    const std::size_t k = row * ColumnLikelihood::lanes + 4;
    std::vector<float> up = x, down = x;
    up[k] += 0.03F;
    down[k] -= 0.03F;
    const double rise = likelihood(up, ignored) - likelihood(down, ignored);
    EXPECT_NEAR(slope[k], rise / 0.06, 2e-5);
  }
}

TEST(PseudoLikelihood, GivesAColumnNoCouplingsToItself) {
  const Alignment alignment = family(40, 22);
  const ColumnLikelihood likelihood(alignment, 5, {});
  std::vector<float> slope(likelihood.size(), 1);

  likelihood(likelihood.start(), slope);

  const auto own = slope.begin() + (1 + 21 * 5) * ColumnLikelihood::lanes;
  EXPECT_TRUE(
      std::all_of(own, own + 21 * ColumnLikelihood::lanes, [](float value) { return value == 0; }));
}

TEST(PseudoLikelihood, ScoresTheCoupledColumnsHighest) {
  const PairMap z = plm_scores(family(300, 30), {}, {});

  EXPECT_EQ(*std::max_element(z.values.begin(), z.values.end()), z.at(5, 20));
  EXPECT_EQ(z.at(5, 20), z.at(20, 5));
  EXPECT_GT(z.at(5, 20), 20);
}

TEST(PseudoLikelihood, IsTheSameOnAnyNumberOfThreads) {
  const Alignment alignment = family(60, 24);
  Context many;
  many.threads = 3;

  EXPECT_EQ(plm_scores(alignment, {}, {}).values, plm_scores(alignment, {}, many).values);
}

TEST(PseudoLikelihood, StopsWhenAsked) {
  std::stop_source source;
  source.request_stop();
  Context context;
  context.stop = source.get_token();

  EXPECT_ANY_THROW(plm_scores(family(60, 24), {}, context));
}

TEST(CouplingsOption, IsReadByItsName) {
  EXPECT_EQ(parse_couplings(to_string(Couplings::PseudoLikelihood)), Couplings::PseudoLikelihood);
  test::expect_error(ErrorKind::InvalidArgument, "Did you mean 'mean-field'?",
                     [] { parse_couplings("mean-feild"); });
}

TEST(Lbfgs, FindsTheLowestPointOfALongValley) {
  std::vector<float> x = {-1.2F, 1};
  const Objective rosenbrock = [](std::span<const float> at, std::span<float> slope) {
    const double a = 1 - at[0], b = at[1] - static_cast<double>(at[0]) * at[0];
    slope[0] = static_cast<float>(-2 * a - 400 * at[0] * b);
    slope[1] = static_cast<float>(200 * b);
    return a * a + 100 * b * b;
  };

  const double value = minimise(rosenbrock, x, {.evaluations = 200, .tolerance = 1e-4});

  EXPECT_LT(value, 1e-5);
  EXPECT_NEAR(x[0], 1, 0.01);
}

}  // namespace
}  // namespace foldstream::workflows::predict
