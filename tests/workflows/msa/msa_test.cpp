// The msa stage: filters by hand-made rows, weights against the plainest code there is.
#include "test_support.hpp"

#include <foldstream/io/a3m.hpp>
#include <foldstream/workflows/msa/msa.hpp>

#include <algorithm>
#include <random>

namespace foldstream::workflows::msa {
namespace {

using test::expect_error;

io::Msa msa_of(const std::vector<std::string>& rows) {
  io::Msa msa;
  for (const std::string& row : rows) {
    msa.rows.push_back({"row_" + std::to_string(msa.rows.size()), "", row});
  }
  return msa;
}

std::vector<std::string> names(const io::Msa& msa) {
  std::vector<std::string> result;
  for (const io::MsaRow& row : msa.rows) result.push_back(row.name);
  return result;
}

/// Everything is kept but for what the test asks.
MsaOptions lenient() { return {.min_coverage = 0, .max_row_gaps = 1}; }

/// Rows in groups of relatives, with gaps.
std::vector<std::uint8_t> random_tokens(std::size_t rows, std::size_t columns) {
  std::mt19937_64 random(17);
  std::vector<std::uint8_t> tokens(rows * columns);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool inherit = i >= 7 * columns && random() % 100 < 75 + i / columns % 20;
    tokens[i] = inherit ? tokens[i - 7 * columns] : static_cast<std::uint8_t>(random() % 22);
  }
  return tokens;
}

std::vector<float> plain_weights(const std::vector<std::uint8_t>& tokens, std::size_t columns,
                                 double identity) {
  std::vector<float> weights;
  for (std::size_t a = 0; a < tokens.size(); a += columns) {
    int similar = 0;
    for (std::size_t b = 0; b < tokens.size(); b += columns) {
      int both = 0, same = 0;
      for (std::size_t c = 0; c < columns; ++c) {
        const bool residues = tokens[a + c] != io::gap_token && tokens[b + c] != io::gap_token;
        both += residues;
        same += residues && tokens[a + c] == tokens[b + c];
      }
      similar += a == b || (both > 0 && same >= identity * both - 1e-9);
    }
    weights.push_back(1.0F / static_cast<float>(similar));
  }
  return weights;
}

TEST(Weights, AreThoseOfThePlainDefinition) {
  for (const std::size_t columns : {5, 32, 64, 101, 300}) {
    const auto tokens = random_tokens(333, columns);
    const auto expected = plain_weights(tokens, columns, 0.8);

    EXPECT_EQ(sequence_weights(tokens, columns, 0.8, Context()), expected) << columns;
    EXPECT_NE(std::count(expected.begin(), expected.end(), 1.0F), 333) << "no relatives at all";
  }
}

TEST(Weights, CountMoreThanTheLanesOfAByte) {
  const std::size_t columns = 9000;
  std::vector<std::uint8_t> tokens(2 * columns, 3);

  EXPECT_EQ(sequence_weights(tokens, columns, 1.0, Context()), (std::vector<float>{0.5F, 0.5F}));
  tokens.back() = 4;
  EXPECT_EQ(sequence_weights(tokens, columns, 1.0, Context()), (std::vector<float>{1, 1}));
}

TEST(Weights, AreTheSameForAnyNumberOfThreads) {
  const auto tokens = random_tokens(700, 60);
  Context context;
  context.threads = 4;

  EXPECT_EQ(sequence_weights(tokens, 60, 0.8, context), sequence_weights(tokens, 60, 0.8, {}));
}

TEST(Weights, TakeExactlyEightyPercentAsSimilar) {
  const PreparedMsa prepared = prepare(msa_of({"ACDEF", "ACDEW", "ACDWW"}), lenient(), Context());

  EXPECT_EQ(prepared.msa.weights, (std::vector<float>{0.5F, 1.0F / 3, 0.5F}));
  EXPECT_NEAR(prepared.report.neff, 4.0 / 3, 1e-6);
}

TEST(Weights, RowsWithoutCommonColumnsDoNotCount) {
  const PreparedMsa prepared = prepare(msa_of({"ACDE", "AC--", "--DE"}), lenient(), Context());

  EXPECT_EQ(prepared.msa.weights, (std::vector<float>{1.0F / 3, 0.5F, 0.5F}));
}

TEST(Prepare, DropsRowsThatCoverTooLittle) {
  const io::Msa msa = msa_of({"ACDEFG", "ACD---", "AC----", "ACDEFG"});

  const PreparedMsa prepared = prepare(msa, {.min_coverage = 0.5}, Context());

  EXPECT_THAT(names(prepared.msa), testing::ElementsAre("row_0", "row_1", "row_3"));
  EXPECT_EQ(prepared.report.removed_by_coverage, 1);
  EXPECT_EQ(prepared.report.rows_in, 4);
  EXPECT_EQ(prepared.report.rows_out, 3);
}

TEST(Prepare, DropsRowsFullOfInnerGapsButNotShortOnes) {
  MsaOptions options = lenient();
  options.max_row_gaps = 0.4;

  const PreparedMsa prepared = prepare(msa_of({"ACDEFG", "A---FG", "ACD---"}), options, Context());

  EXPECT_THAT(names(prepared.msa), testing::ElementsAre("row_0", "row_2"));
  EXPECT_EQ(prepared.report.removed_by_gaps, 1);
}

TEST(Prepare, DropsRowsUnlikeTheQuery) {
  MsaOptions options = lenient();
  options.min_query_identity = 0.5;

  const PreparedMsa prepared = prepare(msa_of({"ACDE", "ACKK", "AKKK"}), options, Context());

  EXPECT_THAT(names(prepared.msa), testing::ElementsAre("row_0", "row_1"));
}

TEST(Prepare, DropsRedundantRowsInOrder) {
  MsaOptions options = lenient();
  options.max_identity = 0.9;
  const std::string query = "ACDEFGHIKL";

  const PreparedMsa prepared = prepare(
      msa_of({query, "ACDEFGHIKW", "ACDEFGHWWW", "-CDEFG----", "ACDEFGHWWY"}), options, Context());

  EXPECT_THAT(names(prepared.msa), testing::ElementsAre("row_0", "row_2"));
  EXPECT_EQ(prepared.report.removed_by_identity, 3);
}

TEST(Prepare, RedundancyIsTheSameForAnyNumberOfThreads) {
  std::vector<std::string> rows;
  const auto tokens = random_tokens(900, 40);
  for (std::size_t r = 0; r < 900; ++r) {
    rows.emplace_back();
    for (std::size_t c = 0; c < 40; ++c) rows.back() += io::letter_of(tokens[r * 40 + c]);
  }
  std::replace(rows[0].begin(), rows[0].end(), '-', 'A');
  MsaOptions options = lenient();
  options.max_identity = 0.7;
  Context context;
  context.threads = 3;

  const PreparedMsa one = prepare(msa_of(rows), options, Context());

  EXPECT_EQ(prepare(msa_of(rows), options, context), one);
  EXPECT_GT(one.report.removed_by_identity, 50);
}

TEST(Prepare, CapsTheDepthInSearchOrder) {
  MsaOptions options = lenient();
  options.max_rows = 2;

  const PreparedMsa prepared = prepare(msa_of({"ACD", "AC-", "AKK"}), options, Context());

  EXPECT_THAT(names(prepared.msa), testing::ElementsAre("row_0", "row_1"));
  EXPECT_EQ(prepared.report.removed_by_depth, 1);
}

TEST(Prepare, KeepsInsertionsAndTheQueryWhateverTheFilters) {
  const PreparedMsa prepared =
      prepare(msa_of({"ACDE", "ACklDE"}), {.min_coverage = 1, .max_row_gaps = 0}, Context());

  EXPECT_EQ(prepared.msa.rows[1].a3m, "ACklDE");
  EXPECT_EQ(prepare(msa_of({"ACDE"}), {}, Context()).report.neff, 1);
}

TEST(Prepare, RefusesNothingAndOptionsOutOfRange) {
  expect_error(ErrorKind::InvalidArgument, "no query row", [] { prepare({}, {}, Context()); });
  expect_error(ErrorKind::InvalidArgument, "option 'min_coverage' is 1.5",
               [] { prepare(msa_of({"ACD"}), {.min_coverage = 1.5}, Context()); });
  expect_error(ErrorKind::InvalidArgument, "option 'max_rows' is 0",
               [] { prepare(msa_of({"ACD"}), {.max_rows = 0}, Context()); });
}

TEST(Prepare, AgreesWithTheKnownDepthOfARealAlignment) {
  FOLDSTREAM_NEEDS("data/pairs/102mA/msa.a3m.gz");
  const io::Msa msa = io::read_a3m(test::shared_folder() / "data/pairs/102mA/msa.a3m.gz");

  const PreparedMsa prepared = prepare(msa, lenient(), Context());

  EXPECT_EQ(prepared.report.rows_out, 836);
  EXPECT_NEAR(prepared.report.neff, 210.71, 0.01);  // counted once by a plain loop
}

}  // namespace
}  // namespace foldstream::workflows::msa
