#include "test_support.hpp"

#include <foldstream/io/msa.hpp>

namespace {

using namespace foldstream;
using test::expect_error;

io::Msa small_msa() {
  return {{{"query", "", "ACDE"},
           {"hit/1-9", "first hit", "aaA-cDEbb"},
           {"hit", "", "BXZU"},
           {"", "", "----"}},
          {}};
}

TEST(Msa, CountsTheColumnsOfItsQuery) {
  EXPECT_EQ(small_msa().columns(), 4u);
  EXPECT_EQ(io::Msa{}.columns(), 0u);
}

TEST(Msa, LeavesInsertionsOutOfItsTokens) {
  const Tensor tokens = small_msa().tokens();

  ASSERT_EQ(tokens.shape(), (Shape{4, 4}));
  const auto values = tokens.values<std::uint8_t>();
  EXPECT_EQ(io::aligned(small_msa().rows[1]), "A-DE");
  EXPECT_EQ(values[4], io::token_of('A'));
  EXPECT_EQ(values[5], io::gap_token);
  EXPECT_EQ(values[6], io::token_of('D'));
  EXPECT_EQ(values[8], io::unknown_token);
}

TEST(Msa, RefusesTokensOfUnequalRows) {
  io::Msa msa = small_msa();
  msa.rows[2].a3m += 'A';

  expect_error(ErrorKind::InvalidArgument, "row 3 'hit' has 5 aligned columns; the query has 4",
               [&] { msa.tokens(); });
}

TEST(Msa, SumsItsWeightsAsNeff) {
  io::Msa msa = small_msa();
  EXPECT_EQ(msa.neff(), 0);

  msa.weights = {1, 0.5f, 0.25f, 0.25f};

  EXPECT_EQ(msa.neff(), 2);
}

TEST(MsaCodec, RoundTripsInsertionsRareLettersAndWeights) {
  io::Msa msa = small_msa();
  EXPECT_EQ(Codec<io::Msa>::decode(Codec<io::Msa>::encode(msa)), msa);

  msa.weights = {0.1f, 0.2f, 0.3f, 0.4f};
  EXPECT_EQ(Codec<io::Msa>::decode(Codec<io::Msa>::encode(msa)), msa);

  EXPECT_EQ(Codec<io::Msa>::decode(Codec<io::Msa>::encode({})), io::Msa{});
}

TEST(MsaCodec, NamesItsTokensAndTheirAxes) {
  const Record record = Codec<io::Msa>::encode(small_msa());

  const Field& tokens = record.at("tokens");
  EXPECT_EQ(tokens.units, "1");
  EXPECT_EQ(tokens.axes, (std::vector<std::string>{"sequence", "column"}));
  EXPECT_EQ(tokens.tensor, small_msa().tokens());
  EXPECT_EQ(record.count("weights"), 0u);
}

TEST(MsaCodec, RefusesDamagedRecords) {
  const Record good = Codec<io::Msa>::encode(small_msa());
  Record bad = good;
  bad["tokens"].tensor = Tensor(DType::u8, {3, 4});
  expect_error(ErrorKind::InvalidArgument, "", [&] { Codec<io::Msa>::decode(bad); });

  bad = good;
  bad["tokens"].tensor = bad["tokens"].tensor.clone();
  bad["tokens"].tensor.mutable_values<std::uint8_t>()[0] = 99;
  expect_error(ErrorKind::InvalidArgument, "holds 99", [&] { Codec<io::Msa>::decode(bad); });

  bad = good;
  bad["insertion_column"].tensor = Tensor::of(std::vector<std::int32_t>{0, -1, 900});
  expect_error(ErrorKind::InvalidArgument, "insertion", [&] { Codec<io::Msa>::decode(bad); });
}

TEST(MsaCodec, RefusesAWeightTooFew) {
  io::Msa msa = small_msa();
  msa.weights = {1, 1, 1};

  expect_error(ErrorKind::InvalidArgument, "4 rows has 3 weights",
               [&] { Codec<io::Msa>::encode(msa); });
}

}  // namespace
