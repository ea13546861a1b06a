// What became of the time of a run, from its events.
#include <foldstream/accounting.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foldstream::test {
namespace {

using What = Event::What;

Graph two_tasks() {
  Graph graph;
  for (const char* name : {"first", "second"}) {
    Task task;
    task.name = name;
    task.inputs = {{"x", PortType::of<int>(), "", true}};
    task.outputs = {{"y", PortType::of<int>()}};
    task.body = [](const Values&, const Context&) { return Values(); };
    graph.add(std::move(task));
  }
  graph.connect(graph.task("first").output("y"), graph.task("second").input("x"));
  return graph;
}

/// Tells of a task of target 0 that runs from `begin` to `end` on one thread.
void run(Accounting& accounting, const std::string& task, double begin, double end,
         State state = State::done, int target = 0) {
  accounting.notify({.what = What::task_started, .target_index = target, .task = task, .time = begin, .threads = 1});
  accounting.notify({.what = What::task_ended, .target_index = target, .task = task, .time = end,
                     .outcome = {state, ErrorKind::Task, "", end - begin}});
}

void end_target(Accounting& accounting, double time, int target = 0) {
  accounting.notify({.what = What::target_ended, .target_index = target, .time = time});
}

TEST(Accounting, TheLongestChainBoundsARunOfOneTarget) {
  Accounting accounting(two_tasks());
  run(accounting, "first", 0, 3);
  run(accounting, "second", 3, 5);
  end_target(accounting, 5);

  const Efficiency time = accounting.efficiency(4);

  EXPECT_DOUBLE_EQ(time.makespan, 5);
  EXPECT_DOUBLE_EQ(time.critical_path, 5);
  EXPECT_DOUBLE_EQ(time.lower_bound, 5);
  EXPECT_DOUBLE_EQ(time.work, 5);
}

TEST(Accounting, WorkBoundsARunOfMany) {
  Accounting accounting(two_tasks());
  for (int target = 0; target < 6; ++target) {
    run(accounting, "first", target / 2, target / 2 + 1, State::done, target);
    end_target(accounting, target / 2 + 1, target);
  }

  const Efficiency time = accounting.efficiency(2);

  EXPECT_DOUBLE_EQ(time.lower_bound, 3);
  EXPECT_DOUBLE_EQ(time.makespan, 3);
  EXPECT_TRUE(time.idle.empty());
}

TEST(Accounting, IdleThreadsAreLaidToWhatTasksWaitedFor) {
  Accounting accounting(two_tasks());
  accounting.notify({.what = What::task_waiting, .target_index = 1, .task = "first", .time = 0, .text = "memory"});
  run(accounting, "first", 0, 4);
  run(accounting, "first", 4, 6, State::done, 1);

  const Efficiency time = accounting.efficiency(2);

  EXPECT_DOUBLE_EQ(time.idle.at("memory"), 4);
  EXPECT_DOUBLE_EQ(time.idle.at("tail"), 2);
}

TEST(Accounting, TheRestIsLaidToDataAndTheTail) {
  Accounting accounting(two_tasks());
  run(accounting, "first", 0, 1);
  run(accounting, "second", 1, 3);

  const Efficiency time = accounting.efficiency(2);

  EXPECT_DOUBLE_EQ(time.idle.at("data"), 1);
  EXPECT_DOUBLE_EQ(time.idle.at("tail"), 2);
}

TEST(Accounting, FailedAttemptsAreCountedApart) {
  Accounting accounting(two_tasks());
  accounting.notify({.what = What::task_started, .task = "first", .time = 0, .threads = 2});
  accounting.notify({.what = What::task_retried, .task = "first", .time = 1});
  run(accounting, "first", 1, 2, State::failed);

  const Efficiency time = accounting.efficiency(2);

  EXPECT_DOUBLE_EQ(time.failed_work, 3);
  EXPECT_DOUBLE_EQ(time.work, 3);
}

}  // namespace
}  // namespace foldstream::test
