#include "test_support.hpp"
#include "train/chain.hpp"
#include "train/examples.hpp"
#include "train/halves.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace foldstream::workflows::train {
namespace {

std::filesystem::path helices() {
  return std::filesystem::path(FOLDSTREAM_SOURCE_DIR) / "tests/workflows/train/helices.h5";
}

std::vector<io::LibraryChain> library() { return io::read_chain_library(helices()); }

TEST(ChainLibrary, KnowsWhichChainsAreIncompleteOrHeldOut) {
  const auto chains = library();

  ASSERT_EQ(chains.size(), 14);
  EXPECT_EQ(chains[3].residues.size(), 37);
  EXPECT_TRUE(chains[3].is_complete);
  EXPECT_FALSE(chains[12].is_complete);
  EXPECT_TRUE(chains[13].is_held_out);
}

TEST(ChainLibrary, RefusesAFileThatIsNone) {
  const test::TemporaryFolder folder;
  const auto file = folder.write("text.h5", "not HDF5");

  test::expect_error(ErrorKind::Io, "text.h5", [&] { io::read_chain_library(file); });
}

TEST(TrainingChains, LeaveOutTheIncompleteAndTheHeldOut) {
  EXPECT_EQ(training_chains(helices()).size(), 12);
}

TEST(Chain, FindsTheHelicesOfAHairpin) {
  const Chain chain = describe(library()[10]);

  EXPECT_EQ(chain.structure[8], helix);
  EXPECT_EQ(chain.structure[chain.structure.size() - 8], helix);
  EXPECT_TRUE(chain.parallel.empty());
  EXPECT_TRUE(chain.antiparallel.empty());
}

TEST(Chain, MeasuresTorsionsWhereBothNeighboursAre) {
  const Chain chain = describe(library()[10]);

  EXPECT_TRUE(std::isnan(chain.phi.front()));
  EXPECT_TRUE(std::isnan(chain.psi.back()));
  EXPECT_NEAR(chain.phi[8] * 180 / std::numbers::pi, -62, 15);
  EXPECT_NEAR(chain.psi[8] * 180 / std::numbers::pi, -42, 15);
}

TEST(Chain, KnowsNothingOfResiduesWithoutCoordinates) {
  const io::LibraryChain source = library()[10];
  std::vector<std::uint8_t> known(source.residues.size(), 1);
  known[8] = 0;

  const Chain chain = describe(source, known);

  EXPECT_EQ(chain.structure[8], unknown_structure);
  EXPECT_TRUE(std::isnan(chain.phi[8]));
  EXPECT_TRUE(std::isnan(chain.phi[9]));
  EXPECT_EQ(chain.burial[8], 0);
}

TEST(Halves, KeepRelativesTogetherAndAreOfLikeSize) {
  const std::vector<Chain> chains = training_chains(helices());

  const std::vector<int> half = split_into_halves(chains);

  EXPECT_EQ(half[0], half[5]);
  const auto ones = std::count(half.begin(), half.end(), 1);
  EXPECT_GE(ones, 4);
  EXPECT_LE(ones, 8);
}

TEST(Truth, IsSymmetricInDistancesAndSilentNearTheDiagonal) {
  const Chain chain = describe(library()[10]);
  const auto size = static_cast<std::size_t>(chain.length());

  const Truth truth = truth_of(chain, {0, chain.length()}, {0, chain.length()});

  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      EXPECT_EQ(truth.distance[i * size + j], truth.distance[j * size + i]);
      EXPECT_EQ(truth.distance[i * size + j] < 0, std::max(i, j) - std::min(i, j) < 3);
    }
  }
}

TEST(Truth, OfAWindowIsThatPartOfTheWhole) {
  const Chain chain = describe(library()[10]);
  const auto size = static_cast<std::size_t>(chain.length());
  const Truth whole = truth_of(chain, {0, chain.length()}, {0, chain.length()});

  const Truth part = truth_of(chain, {5, 10}, {12, 20});

  EXPECT_EQ(part.distance[3 * 20 + 7], whole.distance[8 * size + 19]);
  EXPECT_EQ(part.theta[3 * 20 + 7], whole.theta[8 * size + 19]);
}

}  // namespace
}  // namespace foldstream::workflows::train
