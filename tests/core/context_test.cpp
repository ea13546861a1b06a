// Contexts: loops over threads, and being asked to stop.
#include "test_support.hpp"

#include <foldstream/context.hpp>

#include <atomic>
#include <vector>

namespace foldstream::test {
namespace {

TEST(ParallelFor, CallsEachIndexOnceForAnyThreadCount) {
  for (const int threads : {0, 1, 3, 16}) {
    Context context;
    context.threads = threads;
    std::vector<std::atomic<int>> calls(100);

    parallel_for(context, 100, [&](int i) { ++calls[static_cast<std::size_t>(i)]; });

    for (const auto& count : calls) EXPECT_EQ(count, 1);
  }
}

TEST(ParallelFor, RethrowsAndStopsEarly) {
  Context context;
  context.threads = 2;
  std::atomic<int> calls = 0;

  expect_error(ErrorKind::Parse, "seven", [&] {
    parallel_for(context, 1'000'000, [&](int i) {
      ++calls;
      if (i == 7) throw Error(ErrorKind::Parse, "seven");
    });
  });

  EXPECT_LT(calls, 1'000'000);
}

TEST(ParallelFor, StopsWhenTheRunIsCancelled) {
  std::stop_source stop;
  Context context;
  context.stop = stop.get_token();
  int calls = 0;

  expect_error(ErrorKind::Cancelled, "cancelled", [&] {
    parallel_for(context, 100, [&](int) {
      if (++calls == 3) stop.request_stop();
    });
  });

  EXPECT_EQ(calls, 3);
}

TEST(Context, NeedsNoListener) {
  const Context context;

  context.report(0.5, "half");
  context.warning("thin");
  context.check_cancelled();
}

}  // namespace
}  // namespace foldstream::test
