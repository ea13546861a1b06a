// Tasks in whatever order they are started: the same results, and never more held than there is.
#include "core/contract_case.hpp"

#include <foldstream/control.hpp>
#include <foldstream/thread_executor.hpp>
#include <foldstream/virtual_executor.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>

namespace foldstream::test {
namespace {

using testing::HasSubstr;

/// Calls of bodies by their names and results.
class Calls {
 public:
  void add(const std::string& name, double result) {
    const std::scoped_lock lock(mutex_);
    calls_.insert(name + " " + std::to_string(result));
  }
  std::multiset<std::string> take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(calls_, {});
  }
  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return calls_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::multiset<std::string> calls_;
};

/// A graph with a diamond, a condition and a mapped list, which remembers the calls of its bodies.
class Tangle {
 public:
  Tangle() {
    const TaskRef judge = add("judge", {"x"});
    const TaskRef left = add("left", {"x"});
    const TaskRef right = add("right", {"x"});
    const TaskRef sum = add("sum", {"a", "b"});
    const TaskRef big = add("big", {"x"});
    const TaskRef small = add("small", {"x"});
    const TaskRef merge = add("merge", {"a?", "b?"});
    const TaskRef list = add_list();
    const TaskRef each = add_each();
    const TaskRef total = add_total();
    for (const TaskRef& task : {left, right, list})
      graph.connect(judge.output("y"), task.input("x"));
    graph.connect(left.output("y"), sum.input("a"));
    graph.connect(right.output("y"), sum.input("b"));
    for (const TaskRef& task : {big, small}) graph.connect(sum.output("y"), task.input("x"));
    graph.run_if(judge.output("holds"), big);
    graph.run_if(judge.output("holds"), small, false);
    graph.connect(big.output("y"), merge.input("a?"));
    graph.connect(small.output("y"), merge.input("b?"));
    graph.connect(list.output("items"), each.input("items"));
    graph.connect(each.output("results"), total.input("items"));
    graph.connect(merge.output("y"), total.input("x"));
  }

  /// States and values of 20 targets, and how often each body was called for what.
  std::pair<std::string, std::multiset<std::string>> run_with(Executor& executor,
                                                              RunOptions options = {}) {
    auto run = start(executor, std::move(options));
    run.wait();
    std::string text;
    for (const TargetOutcome& target : run.outcomes()) {
      text += states(target) + ":";
      for (const std::string task : {"judge", "sum", "merge", "total"}) {
        const Value value = run.value(graph.task(task).output("y"), target.index);
        text += " " + std::to_string(value.as<Number>().value);
      }
      text += "\n";
    }
    return {text, calls.take()};
  }

  /// Cancels a run once so many bodies were called. @returns whether all it tells fits together.
  bool is_whole_after_cancelling(Executor& executor, std::size_t call_count) {
    auto run = start(executor, {.keep_values = false});
    eventually([&] { return run.is_finished() || calls.size() >= call_count; });
    run.cancel();
    run.wait();
    calls.take();
    return std::ranges::all_of(run.outcomes(), [&](const TargetOutcome& target) {
      const auto state = [&](int task) {
        return target.tasks[static_cast<std::size_t>(task)].state;
      };
      return std::ranges::all_of(graph.edges(), [&](const Edge& edge) {
        return state(edge.to_task) != State::waiting &&
               (state(edge.to_task) != State::done || is_good(state(edge.from_task)));
      });
    });
  }

 private:
  foldstream::Run start(Executor& executor, RunOptions options) {
    std::vector<double> numbers(20);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(1000 * i);
    return executor.run_targets(graph, number_targets(graph, "judge", numbers), std::move(options));
  }
  /// y = a sum that tells the task and its inputs; `holds` if it is odd.
  Task plain(const std::string& name, const std::vector<std::string>& ports) {
    Task task;
    task.name = name;
    for (const std::string& port : ports)
      task.inputs.push_back({port, PortType::of<Number>(), "", port.ends_with('?')});
    task.outputs = {{"y", PortType::of<Number>(), ""}, {"holds", PortType::of<bool>(), ""}};
    task.identity = name + " 1";
    task.cost = [](const Magnitudes&) { return Cost{.seconds = 1}; };
    task.body = [this, name](const Values& in, const Context&) {
      double y = static_cast<double>(name.size());
      for (const auto& [port, value] : in) y = 3 * y + value.as<Number>().value;
      calls.add(name, y);
      return Values{{"y", Value::of(Number{y})},
                    {"holds", Value::of(std::lround(y / 1000) % 2 == 1)}};
    };
    return task;
  }
  TaskRef add(const std::string& name, const std::vector<std::string>& ports) {
    return graph.add(plain(name, ports));
  }
  /// "items": between none and three numbers.
  TaskRef add_list() {
    Task list = plain("list", {"x"});
    list.outputs = {{"items", PortType::of<std::vector<Number>>(), ""}};
    list.body = [](const Values& in, const Context&) {
      std::vector<Number> items;
      const double x = number(in, "x");
      const long count = std::lround(x / 1000) % 4;
      for (long i = 0; i < count; ++i) items.push_back({x + 100.0 * static_cast<double>(i)});
      return Values{{"items", Value::of(std::move(items))}};
    };
    return graph.add(std::move(list));
  }
  TaskRef add_each() {
    const Graph inner = chain(plain("one", {"x"}), plain("two", {"x"}));
    return graph.add(map_task<Number, Number>("each", inner, inner.task("one").input("x"),
                                              inner.task("two").output("y")));
  }
  TaskRef add_total() {
    Task total = plain("total", {"x"});
    total.inputs.push_back({"items", PortType::of<std::vector<Number>>(), ""});
    total.body = [this](const Values& in, const Context&) {
      double y = number(in, "x");
      for (const Number& item : in.at("items").as<std::vector<Number>>()) y = 2 * y + item.value;
      calls.add("total", y);
      return Values{{"y", Value::of(Number{y})}, {"holds", Value::of(true)}};
    };
    return graph.add(std::move(total));
  }

  Graph graph;
  Calls calls;
};

TEST(Disorder, TheReferenceRunsEveryBodyOnce) {
  Tangle tangle;
  ThreadExecutor executor({.threads = 1});

  const auto [text, calls] = tangle.run_with(executor);

  EXPECT_EQ(std::set(calls.begin(), calls.end()).size(), calls.size());
  EXPECT_THAT(text, HasSubstr("done done done done bypassed done done done done done:"));
  EXPECT_THAT(text, HasSubstr("done done done done done bypassed done done done done:"));
}

TEST(Disorder, OfAVirtualMachineChangesNoResult) {
  Tangle tangle;
  ThreadExecutor ordered({.threads = 1});
  const auto expected = tangle.run_with(ordered);

  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    VirtualExecutor executor({.capacity = {.threads = 4}, .pretends = false, .disorder = seed});

    ASSERT_EQ(tangle.run_with(executor), expected) << "seed " << seed;
  }
}

TEST(Disorder, OfThreadsChangesNoResult) {
  Tangle tangle;
  ThreadExecutor ordered({.threads = 1});
  const auto expected = tangle.run_with(ordered);

  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    for (const int threads : {2, 8}) {
      ThreadExecutor executor({.threads = threads, .disorder = seed});

      ASSERT_EQ(tangle.run_with(executor), expected) << threads << " threads, seed " << seed;
    }
  }
}

TEST(Disorder, AStoreKeepsWhatTheMemoryForgets) {
  Tangle tangle;
  ThreadExecutor ordered({.threads = 1});
  const auto expected = tangle.run_with(ordered);

  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ThreadExecutor executor({.threads = 8, .disorder = seed});
    const RunOptions options{.store = std::make_shared<MemoryStore>(), .keep_values = false};

    ASSERT_EQ(tangle.run_with(executor, options), expected) << "seed " << seed;
    ASSERT_TRUE(tangle.run_with(executor, options).second.empty()) << "seed " << seed;
  }
}

TEST(Disorder, ACancelledRunEndsInStatesThatFitTogether) {
  Tangle tangle;

  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    ThreadExecutor executor({.threads = 8, .disorder = seed});

    ASSERT_TRUE(tangle.is_whole_after_cancelling(executor, 4 * seed)) << "seed " << seed;
  }
}

TEST(VirtualExecutor, GivesWhatThreadsGive) {
  Tangle tangle;
  ThreadExecutor threads({.threads = 8});
  VirtualExecutor pretended({.capacity = {.threads = 8}, .pretends = false});

  EXPECT_EQ(tangle.run_with(pretended), tangle.run_with(threads));
}

/// Something that bodies hold, of which there is a limit.
class Held {
 public:
  explicit Held(int limit) : limit_(limit) {}
  void add(int amount) {
    if ((now_ += amount) > limit_) is_exceeded_ = true;
  }
  bool is_exceeded() const { return is_exceeded_; }

 private:
  const int limit_;
  std::atomic<int> now_ = 0;
  std::atomic<bool> is_exceeded_ = false;
};

/// What bodies hold of an executor with 100 bytes, two devices, 3 licences and 8 threads.
struct Holdings {
  Held threads{8}, bytes{100}, licences{3}, first{80}, second{40};

  Held& device(const Context& context) { return context.device == "cuda:0" ? first : second; }
  bool is_exceeded() const {
    return threads.is_exceeded() || bytes.is_exceeded() || licences.is_exceeded() ||
           first.is_exceeded() || second.is_exceeded();
  }
};

/// A task of random needs that holds them while it runs.
Task holding_task(const Journal& journal, const std::string& name, std::mt19937& random,
                  Holdings& holdings) {
  const int bytes = static_cast<int>(random() % 101);
  const int device_bytes = static_cast<int>(random() % 4) * 10;
  const int licences = static_cast<int>(random() % 4);
  const auto hold = [=, &holdings](const Context& context, int sign) {
    holdings.threads.add(sign * context.threads);
    holdings.bytes.add(sign * bytes);
    holdings.licences.add(sign * licences);
    if (!context.device.empty()) holdings.device(context).add(sign * device_bytes);
  };
  Task task = number_task(journal, name, {"x"}, [=](const Values&, const Context& context) {
    hold(context, 1);
    std::this_thread::yield();
    hold(context, -1);
    return 0.0;
  });
  task.max_threads = static_cast<int>(random() % 3) + 1;
  task.cost = [=](const Magnitudes&) {
    return Cost{1, static_cast<std::uint64_t>(bytes), 0, static_cast<std::uint64_t>(device_bytes)};
  };
  task.needs.tokens = {{"licence", licences}};
  if (device_bytes > 0) task.needs.device = "cuda";
  return task;
}

/// Runs 40 such tasks for each of three targets. @returns whether they held too much.
bool held_too_much(unsigned seed, const Journal& journal) {
  std::mt19937 random(seed);
  Holdings holdings;
  Graph graph;
  Target target;
  for (int i = 0; i < 40; ++i) {
    const TaskRef task = graph.add(holding_task(journal, std::to_string(i), random, holdings));
    target.inputs.push_back({task.input("x"), Number{0}});
  }
  ThreadExecutor executor({.threads = 8,
                           .memory_bytes = 100,
                           .devices = {{"cuda", "cuda:0", 80}, {"cuda", "cuda:1", 40}},
                           .tokens = {{"licence", 3}},
                           .disorder = seed});
  auto run = executor.run_targets(graph, {target, target, target});
  run.wait();
  for (const TargetOutcome& outcome : run.outcomes()) EXPECT_TRUE(outcome.is_good());
  return holdings.is_exceeded();
}

TEST(Disorder, NeverLetsBodiesHoldMoreThanThereIs) {
  const TemporaryFolder folder;
  const Journal journal(folder.path() / "calls");

  for (unsigned seed = 1; seed <= 50; ++seed)
    EXPECT_FALSE(held_too_much(seed, journal)) << "seed " << seed;
}

}  // namespace
}  // namespace foldstream::test
