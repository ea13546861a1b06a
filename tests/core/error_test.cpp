// Errors: kinds by name, places, near misses.
#include "test_support.hpp"

#include <vector>

namespace foldstream::test {
namespace {

const std::vector<std::string> stages = {"search", "predict", "refine"};

TEST(ErrorKind, SurvivesATripAsText) {
  for (int i = 0; i <= static_cast<int>(ErrorKind::Internal); ++i) {
    const auto kind = static_cast<ErrorKind>(i);

    EXPECT_EQ(error_kind(to_string(kind)), kind);
  }
  EXPECT_EQ(error_kind("nonsense"), ErrorKind::Internal);
}

TEST(Error, SaysItsPlaceAsFarAsItIsKnown) {
  EXPECT_STREQ(Error(ErrorKind::Parse, Place{"a.fasta", 3, 17}, "x.").what(), "a.fasta:3:17: x.");
  EXPECT_STREQ(Error(ErrorKind::Parse, Place{"a.fasta", 3, 0}, "x.").what(), "a.fasta:3: x.");
  EXPECT_STREQ(Error(ErrorKind::Parse, Place{"a.fasta", 0, 17}, "x.").what(), "a.fasta: x.");
}

TEST(NearMiss, FindsAWordWithTwoLettersSwapped) {
  EXPECT_EQ(near_miss("predcit", stages), "predict");
}

TEST(NearMiss, PrefersTheNearest) {
  const std::vector<std::string> words = {"threads", "thread", "tread"};

  EXPECT_EQ(near_miss("treads", words), "threads");
  EXPECT_EQ(near_miss("thread", words), "thread");
}

TEST(NearMiss, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(near_miss("gromacs", stages), "");
  EXPECT_EQ(near_miss("", stages), "");
  EXPECT_EQ(near_miss("xy", std::vector<std::string>{"ab"}), "");
  EXPECT_EQ(near_miss("search", {}), "");
}

TEST(NearMiss, CostsNothingForAWordOfMegabytes) {
  EXPECT_EQ(near_miss(std::string(50'000'000, 'x'), stages), "");
}

TEST(DidYouMean, IsAnEndOfASentenceOrNothing) {
  EXPECT_EQ(did_you_mean("refne", stages), " Did you mean 'refine'?");
  EXPECT_EQ(did_you_mean("gromacs", stages), "");
}

}  // namespace
}  // namespace foldstream::test
