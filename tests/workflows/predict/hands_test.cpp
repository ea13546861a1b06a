#include "predict/hands.hpp"
#include "predict/random.hpp"
#include "test_support.hpp"

#include <foldstream/io/structure_file.hpp>

namespace foldstream::workflows::predict {
namespace {

std::vector<Vec3> mirrored(std::vector<Vec3> points) {
  for (Vec3& point : points) point.x = -point.x;
  return points;
}

std::vector<StateProbabilities> all(LocalState state, std::size_t length) {
  StateProbabilities p{};
  p[static_cast<std::size_t>(state)] = 1;
  return std::vector<StateProbabilities>(length, p);
}

TEST(Hands, AMirrorImageHasTheOppositeScore) {
  Random random(1, 1);
  std::vector<Vec3> trace;
  for (int i = 0; i < 60; ++i)
    trace.push_back({8 * random.uniform(), 8 * random.uniform(), 0.2 * i});

  const double score = hand_score(trace, all(strand, trace.size()));

  EXPECT_NE(score, 0);
  EXPECT_NEAR(hand_score(mirrored(trace), all(strand, trace.size())), -score, 1e-6);
}

TEST(Hands, PreferTheRealFold) {
  FOLDSTREAM_NEEDS("data/pairs/1U2HA_PF07679/native.pdb");
  const io::Structure native =
      io::read_structure(test::shared_folder() / "data/pairs/1U2HA_PF07679/native.pdb");
  std::vector<Vec3> trace;
  for (const io::Residue& residue : native.chains.front().residues) {
    if (const io::Atom* ca = residue.find("CA")) trace.push_back(ca->position);
  }

  EXPECT_GT(hand_score(trace, all(strand, trace.size())), 1);
}

}  // namespace
}  // namespace foldstream::workflows::predict
