// Session in a process that no launcher started.
#include "test_support.hpp"

#include <foldstream/mpi/session.hpp>
#include <foldstream/thread_executor.hpp>

#include <map>

namespace foldstream::test {
namespace {

bool is_launched_with(const std::map<std::string, std::string>& environment) {
  return mpi::Session::is_launched([&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
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
