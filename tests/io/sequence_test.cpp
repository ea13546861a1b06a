#include "test_support.hpp"

#include <foldstream/io/sequence.hpp>

namespace {

using namespace foldstream;
using test::expect_error;

TEST(Alphabet, GivesEachAminoAcidItsPlaceInEitherCase) {
  for (std::size_t i = 0; i < io::amino_acids.size(); ++i) {
    const char letter = io::amino_acids[i];

    EXPECT_EQ(io::token_of(letter), i);
    EXPECT_EQ(io::token_of(static_cast<char>(letter - 'A' + 'a')), i);
    EXPECT_EQ(io::letter_of(static_cast<std::uint8_t>(i)), letter);
  }
}

TEST(Alphabet, KnowsUnknownsGapsAndStrangers) {
  for (const char letter : std::string("BJOUXZbz")) EXPECT_EQ(io::token_of(letter), 20);
  EXPECT_EQ(io::token_of('-'), 21);
  EXPECT_EQ(io::token_of('.'), 21);
  for (const char letter : std::string("*7 \xff")) EXPECT_EQ(io::token_of(letter), 255);
  EXPECT_EQ(io::letter_of(20), 'X');
  EXPECT_EQ(io::letter_of(21), '-');
}

TEST(Alphabet, TurnsThreeLettersIntoOneAndBack) {
  for (const char letter : io::amino_acids) {
    EXPECT_EQ(io::one_letter(io::three_letter(letter)), letter);
  }
  EXPECT_EQ(io::three_letter('w'), "TRP");
  EXPECT_EQ(io::three_letter('X'), "UNK");
}

TEST(Alphabet, KnowsModificationsAndProtonationStates) {
  EXPECT_EQ(io::one_letter("MSE"), 'M');
  EXPECT_EQ(io::one_letter("HIE"), 'H');
  EXPECT_EQ(io::one_letter("CYX"), 'C');
  EXPECT_EQ(io::one_letter("SEP"), 'S');
  EXPECT_EQ(io::one_letter("HOH"), 'X');
}

TEST(SequenceCodec, RoundTripsExactly) {
  const io::Sequence sequence{"P12345", "a kinase, naïve", "ACDEFX"};

  EXPECT_EQ(Codec<io::Sequence>::decode(Codec<io::Sequence>::encode(sequence)), sequence);
  EXPECT_EQ(Codec<io::Sequence>::decode(Codec<io::Sequence>::encode({})), io::Sequence{});
}

TEST(SequenceCodec, KeepsTheChainsOfAComplex) {
  const io::Sequence dimer{"D", "", "ACDEF", {2, 3}};
  Record record = Codec<io::Sequence>::encode(dimer);

  EXPECT_EQ(Codec<io::Sequence>::decode(record), dimer);
  EXPECT_EQ(dimer.chains(), (std::vector<std::string>{"AC", "DEF"}));
  // keys of single chains are what they were
  EXPECT_FALSE(Codec<io::Sequence>::encode({"P", "", "AC"}).contains("chain_lengths"));

  record["chain_lengths"].tensor = Tensor::of(std::vector<std::int32_t>{2, 4});
  test::expect_error(ErrorKind::Parse, "do not add up", [&] { Codec<io::Sequence>::decode(record); });
}

TEST(SequenceCodec, RefusesARecordWithoutResidues) {
  Record record = Codec<io::Sequence>::encode({"a", "b", "C"});
  record.erase("residues");

  expect_error(ErrorKind::NotFound, "residues", [&] { Codec<io::Sequence>::decode(record); });
}

}  // namespace
