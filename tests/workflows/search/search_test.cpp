// Search: what it finds, what it must not find, and that nothing but the input decides.
#include "search_support.hpp"
#include "test_support.hpp"

#include <foldstream/workflows/search/search.hpp>

#include <cctype>

namespace foldstream::workflows::search {
namespace {

using test::expect_error;
using test::TemporaryFolder;

const io::Sequence& query() {
  static const io::Sequence sequence = [] {
    std::mt19937_64 random(1);
    return io::Sequence{"query", "made up", test::random_protein(random, 120)};
  }();
  return sequence;
}

/// A family of 60 among 60 shuffled copies and 600 random sequences.
const Database& database() {
  static const Database opened = [] {
    const TemporaryFolder folder;
    const auto sequences = test::made_up_database(query().residues, 60, 600);
    return Database::open(folder.write("db.fasta", io::format_fasta(sequences)));
  }();
  return opened;
}

const SearchResult& found() {
  static const SearchResult result = search(query(), database(), {}, Context());
  return result;
}

int count_named(const SearchResult& result, const std::string& prefix, double evalue) {
  return static_cast<int>(std::count_if(
      result.hits.begin(), result.hits.end(),
      [&](const Hit& hit) { return hit.name.starts_with(prefix) && hit.evalue <= evalue; }));
}

TEST(Search, FindsTheFamilyAndNoneOfItsDecoys) {
  EXPECT_GE(count_named(found(), "family_", 1e-3), 55);
  EXPECT_EQ(count_named(found(), "decoy_", 1e-3) + count_named(found(), "other_", 1e-3), 0);
}

TEST(Search, IterationsFindMoreThanOnePass) {
  const SearchResult once = search(query(), database(), {.iterations = 1}, Context());

  EXPECT_EQ(once.rounds, 1);
  EXPECT_GT(count_named(found(), "family_", 1e-12), count_named(once, "family_", 1e-12) + 5);
}

TEST(Search, SortsHitsByEvalueAndReportsConsistentNumbers) {
  for (std::size_t i = 1; i < found().hits.size(); ++i) {
    EXPECT_LE(found().hits[i - 1].evalue, found().hits[i].evalue);
    EXPECT_GE(found().hits[i - 1].bits, found().hits[i].bits);
  }
  for (const Hit& hit : found().hits) EXPECT_LE(hit.evalue, 10);
}

TEST(Search, StartsTheAlignmentWithTheQuery) {
  EXPECT_EQ(found().msa.rows.front(), (io::MsaRow{"query", "made up", query().residues}));
  EXPECT_EQ(found().msa.columns(), query().length());
}

TEST(Search, RowsAreTheDatabaseSequencesTheyName) {
  std::size_t row = 0;
  for (const Hit& hit : found().hits) {
    if (!hit.included) continue;
    std::string residues, expected;
    for (const char c : found().msa.rows.at(++row).a3m) {
      if (c != '-') residues += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    const auto target = database().sequence(hit.index);
    for (int i = hit.target_begin; i < hit.target_end; ++i) {
      expected += io::letter_of(target[static_cast<std::size_t>(i)]);
    }
    EXPECT_EQ(residues, expected) << hit.name;
    EXPECT_EQ(io::aligned(found().msa.rows[row]).size(), query().length());
  }
  EXPECT_EQ(row + 1, found().msa.rows.size());
}

TEST(Search, IsTheSameForAnyNumberOfThreads) {
  Context context;
  for (const int threads : {2, 5}) {
    context.threads = threads;
    EXPECT_EQ(search(query(), database(), {}, context), found()) << threads;
  }
}

TEST(Search, ShardsGiveTheEvaluesOfTheWhole) {
  const TemporaryFolder folder;
  const auto all = test::made_up_database(query().residues, 60, 600);
  const std::span<const io::Sequence> half(all.data(), 100);
  const Database shard = Database::open(folder.write("half.fasta", io::format_fasta(half)));
  SearchOptions options{.iterations = 1};
  const SearchResult whole = search(query(), database(), options, Context());
  options.database_residues = database().residues();
  options.database_sequences = database().size();

  for (const Hit& hit : search(query(), shard, options, Context()).hits) {
    EXPECT_THAT(whole.hits, testing::Contains(hit));
  }
}

TEST(Search, DecoysComeNoMoreOftenThanTheirEvaluesSay) {
  const TemporaryFolder folder;
  const Database random_only = Database::open(
      folder.write("db.fasta", io::format_fasta(test::made_up_database("ACD", 0, 1000))));
  int at_one = 0, at_ten = 0;
  std::mt19937_64 random(99);
  for (int i = 0; i < 20; ++i) {
    const std::size_t length = 60 + 15 * test::pick(random, 10);
    const io::Sequence unrelated{"q", "", test::random_protein(random, length)};
    const SearchResult result = search(unrelated, random_only, {.iterations = 1}, Context());
    at_one += count_named(result, "other_", 1);
    at_ten += count_named(result, "other_", 10);
  }

  // 20 and 200 if E-values were exact; on random sequences they are cautious, on real ones less
  EXPECT_LE(at_one, 30);
  EXPECT_LE(at_ten, 300);
  EXPECT_GE(at_ten, 40);
}

TEST(Search, KeepsTheBestRowsUpToTheLimit) {
  const SearchResult few = search(query(), database(), {.iterations = 1, .max_rows = 5}, Context());
  const SearchResult all = search(query(), database(), {.iterations = 1}, Context());

  ASSERT_EQ(few.hits.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(few.hits[i], all.hits[i]);
}

TEST(Search, LeavesShortRowsOutOfTheAlignment) {
  const SearchResult result = search(query(), database(), {.min_coverage = 0.9}, Context());

  for (const Hit& hit : result.hits) {
    EXPECT_TRUE(!hit.included || hit.coverage >= 0.9) << hit.name;
  }
}

TEST(Search, ReportsProgressUpToOne) {
  double last = 0;
  Context context;
  context.progress = [&](double fraction, std::string_view) { last = fraction; };

  search(query(), database(), {.iterations = 1}, context);

  EXPECT_EQ(last, 1);
}

TEST(Search, StopsWhenCancelled) {
  std::stop_source source;
  Context context;
  context.stop = source.get_token();
  context.progress = [&](double, std::string_view) { source.request_stop(); };

  expect_error(ErrorKind::Cancelled, "cancelled",
               [&] { search(query(), database(), {}, context); });
}

TEST(Search, RefusesQueriesItCannotScore) {
  expect_error(ErrorKind::InvalidArgument, "query 'e' has 0 residues", [] {
    search({"e", "", ""}, database(), {}, Context());
  });
  expect_error(ErrorKind::InvalidArgument, "query 'd', position 3: expected a residue letter", [] {
    search({"d", "", "AC7D"}, database(), {}, Context());
  });
  expect_error(ErrorKind::InvalidArgument, "query 'l' has 40001 residues", [] {
    search({"l", "", std::string(40001, 'A')}, database(), {}, Context());
  });
}

TEST(Search, RefusesOptionsOutOfRange) {
  expect_error(ErrorKind::InvalidArgument, "option 'iterations' is 0; it must be 1 or more",
               [] { search(query(), database(), {.iterations = 0}, Context()); });
  expect_error(ErrorKind::InvalidArgument, "option 'max_evalue'",
               [] { search(query(), database(), {.max_evalue = -1}, Context()); });
}

TEST(Search, TakesOneResidueAndOneThatIsUnknown) {
  EXPECT_TRUE(search({"w", "", "W"}, database(), {}, Context()).hits.empty());
  EXPECT_TRUE(search({"x", "", "XXXX"}, database(), {}, Context()).hits.empty());
}

TEST(SearchCost, GrowsWithEverything) {
  const SearchCost cost = search_cost(200, 1'000'000'000, {});

  EXPECT_GT(cost.seconds, 10);
  EXPECT_GT(search_cost(400, 1'000'000'000, {}).seconds, cost.seconds);
  EXPECT_GT(search_cost(400, 1'000'000'000, {}).bytes, cost.bytes);
  EXPECT_LT(search_cost(200, 1'000'000'000, {.iterations = 1}).seconds, cost.seconds);
}

}  // namespace
}  // namespace foldstream::workflows::search
