#include "test_support.hpp"
#include "train/halves.hpp"
#include "train/noise.hpp"

namespace foldstream::workflows::train {
namespace {

using predict::PairMap;
using predict::Random;

std::vector<Chain> chains() {
  return training_chains(std::filesystem::path(FOLDSTREAM_SOURCE_DIR) /
                         "tests/workflows/train/helices.h5");
}

/// Couplings that are 5 for neighbours in space, and nearly 0 otherwise.
PairMap telling_map(const Chain& chain) {
  PairMap z(chain.length());
  Random random(3, 4);
  for (int i = 0; i < chain.length(); ++i) {
    for (int j = 0; j < i; ++j) {
      z.at(i, j) = z.at(j, i) =
          (chain.cb_distance(i, j) < 8 ? 5.0F : 0.0F) + 0.1F * static_cast<float>(random.normal());
    }
  }
  return z;
}

NoiseTables tables_of(const std::vector<Chain>& known) {
  std::vector<KnownMap> maps;
  for (const Chain& chain : known) maps.push_back({&chain, telling_map(chain)});
  return NoiseTables::measure(maps);
}

TEST(NoiseTables, DrawMapsLikeThoseTheyWereMeasuredOn) {
  const std::vector<Chain> known = chains();
  Random random(1, 2);

  const PairMap z = tables_of(known).draw(known[7], random);

  for (int i = 0; i < z.length; ++i) {
    for (int j = 0; j < i - 5; ++j) {
      EXPECT_NEAR(z.at(i, j), known[7].cb_distance(i, j) < 8 ? 5 : 0, 1) << i << ' ' << j;
    }
  }
}

TEST(NoiseTables, DrawTheSameMapForTheSameNumbers) {
  const std::vector<Chain> known = chains();
  const NoiseTables tables = tables_of(known);
  Random one(1, 2), again(1, 2), other(1, 3);

  const PairMap z = tables.draw(known[7], one);

  EXPECT_EQ(z.values, tables.draw(known[7], again).values);
  EXPECT_NE(z.values, tables.draw(known[7], other).values);
}

TEST(NoiseTables, SurviveTheirFile) {
  const std::vector<Chain> known = chains();
  const NoiseTables tables = tables_of(known);
  Random one(1, 2), again(1, 2);

  const NoiseTables read = NoiseTables::from(tables.file());

  EXPECT_EQ(tables.draw(known[2], one).values, read.draw(known[2], again).values);
}

TEST(NoiseTables, RefuseAFileOfAnotherShape) {
  io::Safetensors file;
  file.tensors["quantiles"] = Tensor(DType::f32, {1, 2, 3});

  test::expect_error(ErrorKind::InvalidArgument, "foldstream train noise",
                     [&] { NoiseTables::from(file); });
}

}  // namespace
}  // namespace foldstream::workflows::train
