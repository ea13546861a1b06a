#include "engine.hpp"
#include "peak_memory.hpp"

#include <foldstream/thread_executor.hpp>

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <latch>
#include <memory>
#include <mutex>
#include <unordered_set>

namespace foldstream::bench {

/// What flows between the empty tasks.
struct Count {
  std::int64_t value = 0;
};

}  // namespace foldstream::bench

template <>
struct foldstream::Codec<foldstream::bench::Count> {
  static constexpr std::string_view name = "count";
  static Record encode(const bench::Count& count) {
    return {{"value", {Tensor::of(std::vector<std::int64_t>{count.value}), "1", {"one"}}}};
  }
  static bench::Count decode(const Record& record) {
    return {field(record, "value").tensor.values<std::int64_t>()[0]};
  }
};

namespace foldstream::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int stages = 6;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

/// Resident memory now, bytes.
double resident() {
  std::ifstream file("/proc/self/statm");
  double pages = 0, resident_pages = 0;
  file >> pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

Task stage(int number) {
  Task task;
  task.name = "stage_" + std::to_string(number);
  task.inputs = {{"in", PortType::of<Count>()}};
  task.outputs = {{"out", PortType::of<Count>()}};
  task.identity = task.name + " 1";
  task.body = [](const Values& inputs, const Context&) {
    return Values{{"out", inputs.at("in")}};
  };
  return task;
}

/// Six stages, one after the other.
Graph pipeline(const std::function<void(Task&)>& change) {
  Graph graph;
  std::optional<TaskRef> before;
  for (int i = 0; i < stages; ++i) {
    Task task = stage(i);
    change(task);
    const TaskRef added = graph.add(std::move(task));
    if (before) graph.connect(before->output("out"), added.input("in"));
    before = added;
  }
  return graph;
}

TargetSource many(const Graph& graph, int targets, std::atomic<bool>* is_read = nullptr) {
  const InputRef input = graph.task("stage_0").input("in");
  return [=, next = 0]() mutable -> std::optional<Target> {
    if (next == targets) {
      if (is_read != nullptr) *is_read = true;
      return std::nullopt;
    }
    Target target;
    target.name = "t" + std::to_string(next);
    target.index = next;
    target.inputs.push_back({input, Count{next++}});
    return target;
  };
}

/// Remembers keys, not values: what a store of finished tasks costs before any is loaded.
class KeyStore final : public Store {
 public:
  /// @param expected  keys
  explicit KeyStore(std::size_t expected, bool is_writable = true) : is_writable_(is_writable) {
    for (Shard& shard : shards_) shard.keys.reserve(expected / shards_.size());
  }
  bool is_writable() const override { return is_writable_; }
  bool contains(const Key& key) const override {
    const Shard& shard = shards_[key.high % shards_.size()];
    const std::scoped_lock lock(shard.mutex);
    return shard.keys.contains(key);
  }
  std::optional<StoredTask> load(const Key&) override { return std::nullopt; }
  void save(const Key& key, const StoredTask&) override {
    Shard& shard = shards_[key.high % shards_.size()];
    const std::scoped_lock lock(shard.mutex);
    shard.keys.insert(key);
  }

 private:
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_set<Key, KeyHash> keys;
  };
  bool is_writable_;
  std::array<Shard, 16> shards_;
};

class EventCounter final : public Observer {
 public:
  void notify(const Event&) override { ++events; }
  std::int64_t events = 0;
};

/// Resources from the ledger, state, two events, and a key looked up in memory.
double full_task(int targets, int repeats, bool is_kept) {
  const Graph graph = pipeline([](Task& task) {
    task.cost = [](const Magnitudes&) { return Cost{1e-6, 1'000'000}; };
  });
  ThreadExecutor executor({.threads = 2, .memory_bytes = 1'000'000'000});
  return best_of(repeats, [&] {
    const auto counter = std::make_shared<EventCounter>();
    const auto began = Clock::now();
    executor
        .run_source(graph, many(graph, targets),
                    {.store = is_kept ? std::shared_ptr<Store>(std::make_shared<MemoryStore>())
                                      : std::make_shared<KeyStore>(1000, false),
                     .observer = counter, .keep_values = false})
        .wait();
    const double ns = 1e9 * seconds_since(began) / (targets * stages);
    if (counter->events != targets * (2 + 2 * stages)) throw std::runtime_error("events are missing");
    return ns;
  });
}

double expansion_seconds(int targets, double& peak) {
  const Graph graph = pipeline([](Task& task) { task.identity.clear(); });
  ThreadExecutor executor({.threads = 2});
  const double before = resident();
  reset_peak();
  const auto began = Clock::now();
  auto run = executor.run_source(graph, many(graph, targets), {.keep_values = false});
  run.wait();
  const double seconds = seconds_since(began);
  peak = static_cast<double>(peak_bytes()) - before;
  return seconds;
}

/// All targets admitted, none begun.
double pending_bytes(int targets) {
  std::latch go(1);
  const Graph graph = pipeline([&](Task& task) {
    task.identity.clear();
    if (task.name == "stage_0")
      task.body = [&](const Values& inputs, const Context&) {
        go.wait();
        return Values{{"out", inputs.at("in")}};
      };
  });
  ThreadExecutor executor({.threads = 2});
  std::atomic<bool> is_read = false;
  const double before = resident();
  auto run = executor.run_source(graph, many(graph, targets, &is_read),
                                 {.keep_values = false, .window = targets + 1});
  while (!is_read) usleep(1000);
  const double bytes = (resident() - before) / (targets * stages);
  go.count_down();
  run.wait();
  return bytes;
}

/// From the start of a run whose tasks are all stored, but those of the last target, to that one.
double resume_seconds(int targets) {
  const auto store = std::make_shared<KeyStore>(static_cast<std::size_t>(targets) * stages);
  std::atomic<bool> is_new = false;
  Clock::time_point began;
  double seconds = 0;
  const Graph graph = pipeline([&](Task& task) {
    task.body = [&](const Values& inputs, const Context&) {
      if (is_new.exchange(false)) seconds = seconds_since(began);
      return Values{{"out", inputs.at("in")}};
    };
  });
  ThreadExecutor executor({.threads = 2});
  executor.run_source(graph, many(graph, targets), {.store = store, .keep_values = false}).wait();
  is_new = true;
  began = Clock::now();
  executor.run_source(graph, many(graph, targets + 1), {.store = store, .keep_values = false}).wait();
  return seconds;
}

}  // namespace

std::vector<Bar> task_bars(bool quick) {
  const int million = quick ? 20'000 : 1'000'000;
  std::vector<Bar> bars;
  const auto add = [&](const std::string& name, double value, const std::string& unit, double goal) {
    bars.push_back({name, value, unit, goal, goal, true});
  };
  const int repeats = quick ? 1 : 7;
  add("full task: resources, state, events, key", full_task(million / 50, repeats, false), "ns", 500);
  bars.push_back({"the same, results kept in memory", full_task(million / 50, repeats, true), "ns"});
  add("memory of a pending task", pending_bytes(million / 5), "B", 128);
  double peak = 0;
  const double seconds =
      best_of(quick ? 1 : 3, [&] { return expansion_seconds(million, peak); });
  add(fmt::format("{} targets of 6 tasks", million), seconds, "s", 3);
  add("memory of that, at most", peak / 1e9, "GB", 1.5);
  add(fmt::format("first new task behind {} stored ones", million / stages * stages),
      best_of(quick ? 1 : 3, [&] { return resume_seconds(million / stages); }), "s", 1);
  return bars;
}

}  // namespace foldstream::bench
