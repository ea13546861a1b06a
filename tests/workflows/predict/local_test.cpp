#include "families.hpp"
#include "predict/distances.hpp"
#include "predict/local.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace foldstream::workflows::predict {
namespace {

std::vector<StateProbabilities> states_of(const std::string& letters) {
  const Alignment alignment = read_alignment({{{"query", "", letters}}, {}}, 10, {});
  return predict_states(alignment, PairMap(alignment.columns));
}

TEST(Local, StatesAreProbabilities) {
  for (const auto& p : states_of("MKVLAAGIVGLCGPDE")) {
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-5);
  }
}

TEST(Local, AHelixFormerIsAHelixAndAStrandFormerIsNot) {
  const auto helical = states_of("EELLKKALEEALKKLEEALKKA")[10];
  const auto extended = states_of("TVTVYVTVTIEVTVYVTVTVEV")[10];

  EXPECT_GT(helical[helix], 0.5F);
  EXPECT_GT(extended[strand], extended[helix]);
}

TEST(Local, GlycineTurnsLeftMoreOftenThanValine) {
  EXPECT_GT(states_of("TKVENGKTVNGT")[5][left_handed],
            3 * states_of("TKVENVKTVNGT")[5][left_handed]);
}

TEST(Distances, ACoupledPairIsProbablyInContact) {
  const Alignment alignment = read_alignment(test::coupled_family(40, 40), 40, {});
  PairMap z(40);
  for (const int k : {-2, 0, 2}) z.at(10 + k, 30 - k) = z.at(30 - k, 10 + k) = 8;
  const std::vector<StateProbabilities> states(40,
                                               StateProbabilities{0.1F, 0.6F, 0.1F, 0.1F, 0.1F});

  const io::ContactMap map = contact_map(z, predict_distances({z, states, alignment}, {}));

  EXPECT_GT(map.probability[10 * 40 + 30], 0.5F);
  EXPECT_EQ(map.probability[10 * 40 + 30], map.probability[30 * 40 + 10]);
  EXPECT_LT(map.probability[3 * 40 + 22], 0.2F);
  EXPECT_EQ(map.probability[10 * 40 + 11], 0);
}

}  // namespace
}  // namespace foldstream::workflows::predict
