// The program that kill_test.cpp kills: a run of many small tasks whose results are kept in a
// folder. kill_victim <folder>: appends what it does to <folder>/effects, and writes
// <folder>/digest at the end.
#include "core/contract_case.hpp"

#include <foldstream/control.hpp>
#include <foldstream/io/run_store.hpp>
#include <foldstream/thread_executor.hpp>

#include <iostream>

namespace foldstream::test {
namespace {

constexpr double apart = 1000;  ///< numbers of one target lie within so much

std::string about(const std::string& task, double value) {
  return task.substr(0, task.find('[')) + " " + std::to_string(std::lround(value));
}

/// Tells of each save once it is durable.
class TellingStore final : public Store {
 public:
  TellingStore(std::shared_ptr<Store> store, Journal effects)
      : store_(std::move(store)), effects_(std::move(effects)) {}

  bool contains(const Key& key) const override { return store_->contains(key); }
  std::optional<StoredTask> load(const Key& key) override { return store_->load(key); }
  void save(const Key& key, const StoredTask& task) override {
    store_->save(key, task);
    effects_.write("saved " + about(task.task, Codec<Number>::decode(task.outputs.at("x")).value));
  }

 private:
  std::shared_ptr<Store> store_;
  Journal effects_;
};

/// x -> x, changed within its target, and whether that is large.
Task changing_task(const Journal& effects, const std::string& name,
                   std::function<double(double)> change) {
  Task task;
  task.name = name;
  task.inputs = {{"x", PortType::of<Number>(), ""}};
  task.outputs = {{"x", PortType::of<Number>(), ""}, {"is_large", PortType::of<bool>(), ""}};
  task.identity = name + " 1";
  task.body = [=](const Values& in, const Context&) {
    const double target = std::floor(number(in, "x") / apart) * apart;
    const double own = change(number(in, "x") - target);
    effects.write("ran " + about(name, target + own));
    return Values{{"x", Value::of(Number{target + own})}, {"is_large", Value::of(own > 10)}};
  };
  return task;
}

/// start ──► grow, up to 3 times ──► odd, if that is large ──► last, of `odd` or of `grow`
Graph victim_graph(const Journal& effects) {
  Graph graph;
  const TaskRef start = graph.add(changing_task(effects, "start", [](double x) { return x; }));
  const Loop loop = add_loop(graph, changing_task(effects, "grow", [](double x) { return 2 * x; }),
                             {3, {"x"}, "is_large"});
  const TaskRef odd = graph.add(changing_task(effects, "odd", [](double x) { return x + 1; }));
  Task joins = changing_task(effects, "last", {});
  joins.inputs = {{"x", PortType::of<Number>(), ""}, {"odd", PortType::of<Number>(), "", true}};
  joins.body = [effects](const Values& in, const Context&) {
    const double x = number(in, in.contains("odd") ? "odd" : "x");
    effects.write("ran " + about("last", x));
    return Values{{"x", Value::of(Number{x})}, {"is_large", Value::of(false)}};
  };
  const TaskRef last = graph.add(std::move(joins));
  connect(graph, start.output("x"), loop.inputs("x"));
  graph.connect(loop.output("x"), odd.input("x"));
  graph.connect(loop.output("x"), last.input("x"));
  graph.run_if(loop.output("is_large"), odd);
  graph.connect(odd.output("x"), last.input("odd"));
  return graph;
}

std::string digest(foldstream::Run& run, const Graph& graph) {
  std::string text;
  for (const TargetOutcome& target : run.outcomes()) {
    for (const Outcome& task : target.tasks)
      text += task.state == State::reused ? "done " : std::string(to_string(task.state)) + " ";
    const Value value = run.value(graph.task("last").output("x"), target.index);
    text += std::to_string(value.as<Number>().value) + "\n";
  }
  return text;
}

void run_in(const std::filesystem::path& folder) {
  const Journal effects(folder / "effects");
  const Graph graph = victim_graph(effects);
  std::vector<double> numbers;
  for (int i = 0; i < 100; ++i) numbers.push_back(apart * i + 1 + i % 5);
  const auto report = [&](const io::Damage& damage) {
    effects.write("damaged: " + io::to_string(damage));
  };
  const auto store = std::make_shared<TellingStore>(
      std::make_shared<io::RunStore>(folder / "run", 0, report), effects);
  ThreadExecutor executor({.threads = 2});
  auto run = executor.run_targets(graph, number_targets(graph, "start", numbers), {.store = store});
  run.wait();
  std::ofstream(folder / "digest") << digest(run, graph);
}

}  // namespace
}  // namespace foldstream::test

int main(int, char** arguments) {
  try {
    foldstream::test::run_in(arguments[1]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
