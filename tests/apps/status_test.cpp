// What a run counts of itself while it lasts.
#include "run_status.hpp"

#include <gtest/gtest.h>

namespace foldstream::apps {
namespace {

RunStatus start() {
  RunStatus status;
  status.order = {"fold", "write"};
  status.device_tasks = {"fold"};
  status.devices = 2;
  status.threads = 4;
  status.targets = 2;
  return status;
}

Event event(Event::What what, int target, const std::string& task, double time) {
  Event event;
  event.what = what;
  event.target_index = target;
  event.task = task;
  event.time = time;
  event.threads = 2;
  event.outcome.state = State::done;
  return event;
}

TEST(StatusCounter, TellsHowBusyTheDevicesAre) {
  StatusCounter counter(start());
  counter.notify(event(Event::What::task_started, 0, "fold", 1));
  counter.notify(event(Event::What::task_ended, 0, "fold", 4));
  counter.notify(event(Event::What::task_started, 0, "write", 4));
  counter.notify(event(Event::What::task_ended, 0, "write", 9));  // has none
  counter.notify(event(Event::What::task_started, 1, "fold", 5));  // goes on

  const RunStatus status = counter.status(10, 0.5);

  EXPECT_DOUBLE_EQ(status.device_seconds, 3 + 5);
  EXPECT_DOUBLE_EQ(status.device_busy_share(), 0.4);
  EXPECT_DOUBLE_EQ(status.busy_seconds, 2 * (3 + 5 + 5));
  const RunStatus read = status_of(to_json(status));
  EXPECT_EQ(read.devices, 2);
  EXPECT_DOUBLE_EQ(read.device_busy_share(), 0.4);
}

TEST(Life, TellsHowLongItsDrainTook) {
  const Life life{100, 165, "drained", "SIGUSR1", "42", 12, 2.06};

  EXPECT_EQ(life_text(life), "drained (SIGUSR1, in 2.1 s) after 1:05, 12 tasks computed, job 42");
  RunStatus status = start();
  status.lives = {life};
  EXPECT_EQ(status_of(to_json(status)).lives.front(), life);
}

}  // namespace
}  // namespace foldstream::apps
