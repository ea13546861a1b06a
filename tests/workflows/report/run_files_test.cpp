#include "test_support.hpp"

#include <foldstream/workflows/report/run_files.hpp>

#include <nlohmann/json.hpp>

#include <limits>

namespace foldstream::workflows::report {
namespace {

TEST(Failures, AreOneLineEachWhateverTheyHold) {
  const Failure failure{"P1", "predict", "resources", "out of\tmemory\nsee \\log"};

  EXPECT_EQ(format_failures({&failure, 1}),
            "target\tstage\tkind\tmessage\n"
            "P1\tpredict\tresources\tout of\\tmemory\\nsee \\\\log\n");
  EXPECT_EQ(format_failures({}), "target\tstage\tkind\tmessage\n");
}

TEST(Failures, AreWritten) {
  const test::TemporaryFolder folder;

  write_failures(folder.path() / "failures.tsv", {});

  EXPECT_EQ(test::read_text(folder.path() / "failures.tsv"), format_failures({}));
}

TEST(RunFacts, ReadBackAsTheSameJson) {
  const RunFacts facts{{"command_line", std::vector<std::string>{"foldstream", "fold", "a \"b\""}},
                       {"seed", std::int64_t{7}},
                       {"resumed", true},
                       {"host", "localhost"},
                       {"seconds", std::numeric_limits<double>::infinity()},
                       {"versions", std::map<std::string, std::string>{{"torch", "1.13"}}}};

  const auto json = nlohmann::json::parse(format_run_facts(facts));

  EXPECT_EQ(json["command_line"][2], "a \"b\"");
  EXPECT_EQ(json["seed"], 7);
  EXPECT_EQ(json["resumed"], true);
  EXPECT_TRUE(json["seconds"].is_null());
  EXPECT_EQ(json["versions"]["torch"], "1.13");
}

TEST(RunFacts, AreLaidOutForReaders) {
  EXPECT_EQ(format_run_facts({{"list", std::vector<std::string>{"a", "b"}}, {"seed", 1.5}}),
            "{\n  \"list\": [\"a\",\"b\"],\n  \"seed\": 1.5\n}\n");
  EXPECT_EQ(format_run_facts({}), "{}\n");
}

TEST(RunFacts, ReplaceBytesThatAreNoText) {
  const auto json = nlohmann::json::parse(format_run_facts({{"name", std::string("\xff")}}));

  EXPECT_EQ(json["name"], "\uFFFD");
}

}  // namespace
}  // namespace foldstream::workflows::report
