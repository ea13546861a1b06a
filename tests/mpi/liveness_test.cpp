// RankLiveness, with ranks that are processes: killed, stopped, continued, leaving.
#include "mpi/rank_process.hpp"
#include "test_support.hpp"

#include <memory>

namespace foldstream::test {
namespace {

constexpr double soon = 3;       // seconds: a loss takes some ms, on a busy machine more
constexpr double patience = 20;  // for what has no promise of its own

struct JobOptions {
  double silence = 120;
  bool ends_silent = true;
  double death = 4;
  std::vector<std::string> nodes = {"", "", ""};  ///< of each rank
  std::string network = {};
};

/// Ranks that have met and watch each other.
class Job {
 public:
  explicit Job(const JobOptions& options) {
    const std::string ranks = std::to_string(options.nodes.size());
    for (const std::string& node : options.nodes)
      ranks_.push_back(std::make_unique<RankProcess>(std::vector<std::string>{
          FOLDSTREAM_LIVENESS_RANK, folder_.path().string(), std::to_string(ranks_.size()), ranks,
          std::to_string(options.silence), options.ends_silent ? "1" : "0",
          std::to_string(options.death), node, options.network}));
  }
  void expect_ready() {
    for (const auto& rank : ranks_) EXPECT_EQ(rank->line_within(patience), "ready");
  }
  RankProcess& operator[](int rank) { return *ranks_[static_cast<std::size_t>(rank)]; }

 private:
  TemporaryFolder folder_;
  std::vector<std::unique_ptr<RankProcess>> ranks_;
};

JobOptions two_nodes(std::vector<std::string> nodes) {
  return {.nodes = std::move(nodes), .network = "lo"};
}

TEST(Liveness, TellsAKilledRankSoon) {
  Job job({});
  job.expect_ready();

  job[1].signal(SIGKILL);

  EXPECT_EQ(job[0].line_within(soon), "lost 1");
  EXPECT_EQ(job[2].line_within(soon), "lost 1");
}

TEST(Liveness, TellsThatTheFirstRankWasKilled) {
  Job job({});
  job.expect_ready();

  job[0].signal(SIGKILL);
  EXPECT_EQ(job[1].line_within(soon), "lost 0");
  job[1].signal(SIGKILL);

  EXPECT_EQ(job[2].line_within(soon), "lost 0");
  EXPECT_EQ(job[2].line_within(soon), "lost 1");
}

TEST(Liveness, DoesNotTakeLeavingForALoss) {
  Job job({});
  job.expect_ready();

  job[1].tell("leave");
  EXPECT_EQ(job[1].wait_status(), 0);
  job[2].signal(SIGKILL);

  EXPECT_EQ(job[0].line_within(soon), "lost 2");
}

TEST(Liveness, EndsARankThatStoodStillForTooLong) {
  Job job({.silence = 1.5});
  job.expect_ready();

  job[1].signal(SIGSTOP);

  EXPECT_EQ(job[0].line_within(1.5 + soon), "lost 1");
  EXPECT_EQ(job[2].line_within(soon), "lost 1");
  EXPECT_EQ(WTERMSIG(job[1].wait_status()), SIGKILL);
}

TEST(Liveness, ARankThatWasGivenUpLearnsIt) {
  Job job({.silence = 1.5, .ends_silent = false});
  job.expect_ready();
  job[1].signal(SIGSTOP);
  EXPECT_EQ(job[0].line_within(1.5 + soon), "lost 1");

  job[1].signal(SIGCONT);

  EXPECT_THAT(job[1].line_within(soon), testing::HasSubstr("was given up by the others"));
}

TEST(Liveness, ARankThatGoesOnInTimeIsNotLostAndBlamesNobody) {
  Job job({.silence = 6, .ends_silent = false});
  job.expect_ready();
  job[1].signal(SIGSTOP);
  EXPECT_EQ(job[0].line_within(1.5), "");

  job[1].signal(SIGCONT);
  job[2].signal(SIGKILL);

  EXPECT_EQ(job[0].line_within(soon), "lost 2");
  EXPECT_EQ(job[1].line_within(soon), "lost 2");
}

TEST(Liveness, OtherNodesLearnSoonWhichRankWasKilled) {
  Job job(two_nodes({"a", "a", "b", "b"}));
  job.expect_ready();

  job[2].signal(SIGKILL);

  EXPECT_EQ(job[0].line_within(soon), "lost 2");
  EXPECT_EQ(job[1].line_within(soon), "lost 2");
  EXPECT_EQ(job[3].line_within(soon), "lost 2");
  job[0].signal(SIGKILL);
  EXPECT_EQ(job[3].line_within(soon), "lost 0");
}

TEST(Liveness, TheLastRankOfANodeIsSoonMissed) {
  Job job(two_nodes({"a", "b"}));
  job.expect_ready();

  job[0].signal(SIGKILL);

  EXPECT_EQ(job[1].line_within(soon), "lost 0");
}

TEST(Liveness, OtherNodesDoNotTakeLeavingForALoss) {
  Job job(two_nodes({"a", "a", "b", "c"}));
  job.expect_ready();

  job[2].tell("leave");
  EXPECT_EQ(job[2].wait_status(), 0);
  job[1].tell("leave");
  EXPECT_EQ(job[1].wait_status(), 0);
  job[3].signal(SIGKILL);

  EXPECT_EQ(job[0].line_within(soon), "lost 3");
}

TEST(Liveness, WhoSpeaksForItsNodeIsNotMissedWhenItLeavesFirst) {
  Job job(two_nodes({"a", "b", "b"}));
  job.expect_ready();

  job[1].tell("leave");
  EXPECT_EQ(job[1].wait_status(), 0);
  job[2].signal(SIGKILL);

  EXPECT_EQ(job[0].line_within(soon), "lost 2");
}

TEST(Liveness, ANodeThatIsSilentIsLostAndLearnsIt) {
  JobOptions options = two_nodes({"a", "a", "b"});
  options.death = 2;
  Job job(options);
  job.expect_ready();

  job[2].signal(SIGSTOP);
  EXPECT_EQ(job[0].line_within(options.death + soon), "lost 2");
  EXPECT_EQ(job[1].line_within(soon), "lost 2");
  job[2].signal(SIGCONT);

  EXPECT_THAT(job[2].line_within(soon), testing::HasSubstr("was given up by the others"));
}

TEST(Liveness, TheSmallerPartOfABrokenNetworkEnds) {
  JobOptions options = two_nodes({"a", "b", "b"});
  options.death = 2;
  Job job(options);
  job.expect_ready();

  job[1].signal(SIGSTOP);
  job[2].signal(SIGSTOP);

  EXPECT_THAT(job[0].line_within(options.death + soon),
              testing::HasSubstr("hears nothing from most of the other ranks"));
}

TEST(Liveness, EveryRankHearsOfANetworkThatIsNotThere) {
  Job job({.network = "10.255.255.252/30"});

  for (int rank = 0; rank < 3; ++rank)
    EXPECT_THAT(job[rank].line_within(patience),
                testing::ContainsRegex("rank 0 cannot watch the others: node .* has no address in "
                                       "the network '10.255.255.252/30'"));
}

}  // namespace
}  // namespace foldstream::test
