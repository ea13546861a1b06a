// What the executor contract is run on: an executor of some make, and bodies whose calls can be
// counted even when they run in another process.
#pragma once

#include "test_support.hpp"

#include <foldstream/executor.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>

namespace foldstream::test {

/// A number that can be stored and sent.
struct Number {
  double value = 0;
};

}  // namespace foldstream::test

template <>
struct foldstream::Codec<foldstream::test::Number> {
  static constexpr std::string_view name = "number";
  static Record encode(const test::Number& number) {
    return {{"value", {Tensor::of(std::vector<double>{number.value}), "1", {"one"}}}};
  }
  static test::Number decode(const Record& record) {
    return {field(record, "value").tensor.values<double>()[0]};
  }
};

namespace foldstream::test {

/// One make of executor. On several ranks every rank runs every test, with the same case.
struct ExecutorCase {
  std::string name;
  int threads = 1;  ///< of each rank
  int ranks = 1;
  int rank = 0;
  /// A new executor whose tasks may use so much memory together; 0 = no limit. Collective.
  std::function<std::unique_ptr<Executor>(std::uint64_t memory_bytes)> make;
  /// A new, empty store that all ranks share or that forwards to the one they share. Collective.
  std::function<std::shared_ptr<Store>()> make_store;
  /// A new, empty folder, the same on all ranks; the case removes it. Collective.
  std::function<std::filesystem::path()> make_folder;
  /// Whether bodies run while others do, and while the source of their targets is asked.
  bool is_concurrent = true;
  /// Whether two tasks of one target may run at once.
  bool runs_two_of_a_target = true;

  friend void PrintTo(const ExecutorCase& made, std::ostream* out) { *out << made.name; }
};

/// An executor of this process, with stores and folders of its own.
inline ExecutorCase local_case(std::string name, int threads,
                               std::function<std::unique_ptr<Executor>(std::uint64_t)> make) {
  const auto folders = std::make_shared<std::vector<std::unique_ptr<TemporaryFolder>>>();
  ExecutorCase made;
  made.name = std::move(name);
  made.threads = threads;
  made.runs_two_of_a_target = threads >= 2;
  made.make = std::move(make);
  made.make_store = [] { return std::make_shared<MemoryStore>(); };
  made.make_folder = [folders] {
    return folders->emplace_back(std::make_unique<TemporaryFolder>())->path();
  };
  return made;
}

/// Lines that bodies write, on any rank, as a proof that they ran.
class Journal {
 public:
  explicit Journal(std::filesystem::path file) : file_(std::move(file)) {}

  void write(const std::string& line) const {
    const int file = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT, 0644);
    const std::string text = line + "\n";
    if (file < 0 || ::write(file, text.data(), text.size()) != std::ssize(text))
      ADD_FAILURE() << "cannot write to " << file_;
    ::close(file);
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    std::ifstream file(file_);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  void clear() const { std::filesystem::remove(file_); }

 private:
  std::filesystem::path file_;
};

/// Whether `condition` became true within 20 seconds.
template <class Condition>
bool eventually(Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// A task with numbers in and one number "y" out, stored under its name; its calls are journalled
/// as "name result".
inline Task number_task(const Journal& journal, const std::string& name,
                        const std::vector<std::string>& inputs,
                        std::function<double(const Values&, const Context&)> compute) {
  Task task;
  task.name = name;
  for (const std::string& input : inputs)
    task.inputs.push_back({input, PortType::of<Number>(), ""});
  task.outputs = {{"y", PortType::of<Number>(), ""}};
  task.identity = name + " 1";
  task.body = [journal, name, compute](const Values& values, const Context& context) {
    const double y = compute(values, context);
    journal.write(name + " " + std::to_string(std::lround(y)));
    return Values{{"y", Value::of(Number{y})}};
  };
  return task;
}

inline double number(const Values& values, const std::string& port) {
  return values.at(port).as<Number>().value;
}

/// y = 2 x, then y = x + 1.
inline Task double_task(const Journal& journal) {
  return number_task(journal, "double", {"x"},
                     [](const Values& in, const Context&) { return 2 * number(in, "x"); });
}
inline Task add_one_task(const Journal& journal) {
  return number_task(journal, "add_one", {"x"},
                     [](const Values& in, const Context&) { return number(in, "x") + 1; });
}

/// `first` feeds `second`: first.y -> second.x.
inline Graph chain(Task first, Task second) {
  Graph graph;
  const TaskRef from = graph.add(std::move(first));
  const TaskRef to = graph.add(std::move(second));
  graph.connect(from.output("y"), to.input("x"));
  return graph;
}

/// A target called after its number, which is bound to `task`.x.
inline Target number_target(const Graph& graph, const std::string& task, double x) {
  Target target;
  target.name = "target_" + std::to_string(std::lround(x));
  target.inputs.push_back({graph.task(task).input("x"), Number{x}});
  return target;
}

/// Gives the `number_target`s of `numbers`, one after the other, counted.
inline std::vector<Target> number_targets(const Graph& graph, const std::string& task,
                                          const std::vector<double>& numbers) {
  std::vector<Target> targets;
  for (const double x : numbers) targets.push_back(number_target(graph, task, x));
  return targets;
}

/// The states of a target's tasks, in the order of the graph: "done failed skipped".
inline std::string states(const TargetOutcome& target) {
  std::string text;
  for (const Outcome& outcome : target.tasks)
    text += (text.empty() ? "" : " ") + std::string(to_string(outcome.state));
  return text;
}

/// A store whose entries can be lost, or be there and not load.
class FaultyStore final : public Store {
 public:
  explicit FaultyStore(std::shared_ptr<Store> store) : store_(std::move(store)) {}

  bool contains(const Key& key) const override { return !is_lost && store_->contains(key); }
  std::optional<StoredTask> load(const Key& key) override {
    std::optional<StoredTask> stored = is_lost ? std::nullopt : store_->load(key);
    return stored && stored->task == damaged_task ? std::nullopt : stored;
  }
  void save(const Key& key, const StoredTask& task) override { store_->save(key, task); }

  // set between runs
  bool is_lost = false;
  std::string damaged_task;

 private:
  std::shared_ptr<Store> store_;
};

}  // namespace foldstream::test
