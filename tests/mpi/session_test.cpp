// Session in a process that no launcher started.
#include "test_support.hpp"

#include <foldstream/mpi/session.hpp>
#include <foldstream/thread_executor.hpp>

#include <map>

namespace foldstream::test {
namespace {

using Environment = std::map<std::string, std::string>;

auto look_up_in(const Environment& environment) {
  return [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  };
}

bool is_launched_with(const Environment& environment) {
  return mpi::Session::is_launched(look_up_in(environment));
}

bool survives_losses_with(const Environment& environment) {
  return mpi::Session::survives_losses(look_up_in(environment));
}

TEST(Session, SeesALauncherInTheEnvironment) {
  EXPECT_TRUE(is_launched_with({{"OMPI_COMM_WORLD_SIZE", "2"}}));
  EXPECT_TRUE(is_launched_with({{"PMI_RANK", "0"}}));
  EXPECT_TRUE(is_launched_with({{"PMIX_RANK", "0"}}));
}

TEST(Session, DoesNotTakeABatchScriptForALauncher) {
  EXPECT_FALSE(is_launched_with({}));
  EXPECT_FALSE(is_launched_with({{"SLURM_JOB_ID", "7"}, {"SLURM_PROCID", "0"}}));
}

TEST(Session, SurvivesLossesOnlyWhereTheLauncherWasToldTo) {
  const Environment::value_type rank = {"OMPI_COMM_WORLD_SIZE", "2"};

  EXPECT_TRUE(survives_losses_with({rank, {"OMPI_MCA_orte_enable_recovery", "1"}}));
  EXPECT_TRUE(survives_losses_with({rank, {"OMPI_MCA_mpi_ft_enable", "true"}}));
  EXPECT_FALSE(survives_losses_with({rank}));
  EXPECT_FALSE(survives_losses_with({rank, {"OMPI_MCA_orte_enable_recovery", "0"}}));
  EXPECT_FALSE(survives_losses_with({{"OMPI_MCA_orte_enable_recovery", "1"}}));
}

TEST(Session, RefusesNoSilence) {
  expect_error(ErrorKind::InvalidArgument, "silence_seconds must be positive",
               [] { mpi::Session session({.silence_seconds = 0}); });
}

TEST(Session, NamesTheLibraryInOneLine) {
  EXPECT_THAT(mpi::library_version(), testing::HasSubstr("MPI"));
  EXPECT_THAT(mpi::library_version(), testing::Not(testing::HasSubstr("\n")));
}

// last: MPI can start once in a process
TEST(Session, KeepsTheCoresOfALoneProcessAndStartsOnce) {
  const int before = usable_threads();

  {
    const mpi::Session session;
    EXPECT_TRUE(session.is_owner());
    EXPECT_FALSE(mpi::Session().is_owner());
    EXPECT_EQ(usable_threads(), before);
  }

  expect_error(ErrorKind::Communication, "cannot start again", [] { mpi::Session again; });
}

}  // namespace
}  // namespace foldstream::test
