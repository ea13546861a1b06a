// The main of tests that run on several ranks: rank 0 prints, failures on any rank count.
#pragma once

#include <foldstream/mpi/native.hpp>

#include <gmock/gmock.h>

#include <iostream>

namespace foldstream::test {

/// The words of failures, for ranks whose printer is taken away.
class FailurePrinter final : public testing::EmptyTestEventListener {
 public:
  explicit FailurePrinter(int rank) : rank_(rank) {}

 private:
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (result.failed())
      std::cerr << "rank " << rank_ << ": " << result.file_name() << ":" << result.line_number()
                << ": " << result.summary() << std::endl;
  }

  int rank_;
};

/// Every rank runs all tests in the same order. The exit code of each is that of all.
inline int run_tests_on_ranks(int argc, char** argv) {
  const mpi::Session session;
  testing::InitGoogleMock(&argc, argv);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank != 0) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new FailurePrinter(rank));
  }
  const int own = RUN_ALL_TESTS() == 0 ? 0 : 1;
  int failed = 0;
  MPI_Allreduce(&own, &failed, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  if (rank == 0 && failed > own)
    std::cout << "tests failed on " << failed - own << " ranks other than 0" << std::endl;
  return failed == 0 ? 0 : 1;
}

}  // namespace foldstream::test

int main(int argc, char** argv) { return foldstream::test::run_tests_on_ranks(argc, argv); }
