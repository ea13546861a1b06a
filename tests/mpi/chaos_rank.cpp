// A rank of a small campaign with roles, values and streams between ranks, and a run folder that all
// share; for chaos_test.
// usage: chaos_rank FOLDER TARGETS
#include "core/contract_case.hpp"

#include <foldstream/io/run_store.hpp>
#include <foldstream/mpi/distributed_executor.hpp>

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace foldstream::test {
namespace {

namespace fs = std::filesystem;

constexpr int chunks = 6;

/// Lines "ran query_3/search" and "stored query_3/search", in the order in which they happened.
Journal log_of(const fs::path& folder) { return Journal(folder / "log"); }

/// Tells what has been stored.
class TellingStore final : public Store {
 public:
  TellingStore(std::shared_ptr<Store> store, Journal log)
      : store_(std::move(store)), log_(std::move(log)) {}

  bool contains(const Key& key) const override { return store_->contains(key); }
  std::optional<StoredTask> load(const Key& key) override { return store_->load(key); }
  void save(const Key& key, const StoredTask& task) override {
    store_->save(key, task);
    log_.write("stored " + task.target + "/" + task.task);
  }
  void refresh() override { store_->refresh(); }
  StreamStore* streams() override { return store_->streams(); }

 private:
  std::shared_ptr<Store> store_;
  Journal log_;
};

Tensor rows_of(double seed, std::int64_t rows) {
  std::vector<float> values(static_cast<std::size_t>(rows) * 64);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(std::sin(seed + static_cast<double>(i)));
  return Tensor::of<float>(values, {rows, 64});
}

double sum_of(const Tensor& tensor) {
  double sum = 0;
  for (const float value : tensor.values<float>()) sum = sum * 0.5 + value;
  return sum;
}

void pretend_to_work() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }

/// What a target was called is told by the number that it brings.
Task logged(Task task, const Journal& log) {
  task.body = [body = task.body, log, name = task.name](const Values& in, const Context& context) {
    log.write("ran query_" + std::to_string(std::lround(number(in, "x"))) + "/" + name);
    pretend_to_work();
    return body(in, context);
  };
  task.retry.io = 4;
  return task;
}

Task described(const std::string& name, const std::string& role) {
  Task task;
  task.name = name;
  task.role = role;
  task.identity = name + " 1";
  task.inputs = {{"x", PortType::of<Number>()}};
  return task;
}

/// A number to 64 KiB of text.
Task search_task() {
  Task task = described("search", "search");
  task.outputs = {{"msa", PortType::of<std::string>()}};
  task.body = [](const Values& in, const Context&) {
    std::string msa(65536, 'A');
    for (std::size_t i = 0; i < msa.size(); ++i)
      msa[i] = static_cast<char>('A' + (i * i + static_cast<std::size_t>(number(in, "x"))) % 20);
    return Values{{"msa", Value::of(msa)}};
  };
  return task;
}

Task embed_task() {
  Task task = described("embed", "search");
  task.inputs.push_back({"msa", PortType::of<std::string>()});
  task.outputs = {{"rows", PortType::of<Stream>()}};
  task.body = [](const Values& in, const Context& context) -> Values {
    const double seed = in.at("msa").as<std::string>().back();
    const auto writer = context.open_stream("rows", {DType::f32, {64}});
    for (int i = 0; i < chunks; ++i) {
      context.check_cancelled();
      pretend_to_work();
      writer->append(rows_of(seed + i, i % 2 == 0 ? 8 : 256));
    }
    return {};
  };
  return task;
}

Task fold_task() {
  Task task = described("fold", "predict");
  task.inputs.push_back({"rows", PortType::of<Stream>()});
  task.outputs = {{"y", PortType::of<Number>()}};
  task.body = [](const Values& in, const Context& context) {
    const auto reader = context.read_stream(in.at("rows").as<Stream>());
    double sum = number(in, "x");
    int count = 0;
    for (; const auto chunk = reader->next(); ++count) sum = sum * 0.25 + sum_of(*chunk);
    if (count != chunks) throw Error(ErrorKind::Internal, "a stream lost chunks.");
    return Values{{"y", Value::of(Number{sum})}};
  };
  return task;
}

Task refine_task() {
  Task task = described("refine", "");
  task.inputs.push_back({"fold", PortType::of<Number>()});
  task.outputs = {{"y", PortType::of<Number>()}};
  task.body = [](const Values& in, const Context&) {
    return Values{{"y", Value::of(Number{number(in, "fold") + 1})}};
  };
  return task;
}

Graph campaign(const Journal& log) {
  Graph graph;
  const TaskRef search = graph.add(logged(search_task(), log));
  const TaskRef embed = graph.add(logged(embed_task(), log));
  const TaskRef fold = graph.add(logged(fold_task(), log));
  const TaskRef refine = graph.add(logged(refine_task(), log));
  graph.connect(search.output("msa"), embed.input("msa"));
  graph.connect(embed.output("rows"), fold.input("rows"));
  graph.connect(fold.output("y"), refine.input("fold"));
  return graph;
}

std::vector<Target> targets(const Graph& graph, int count) {
  std::vector<Target> targets;
  for (int i = 0; i < count; ++i) {
    Target& target = targets.emplace_back();
    target.name = "query_" + std::to_string(i);
    for (const auto& task : graph.tasks())
      target.inputs.push_back({graph.task(task->name).input("x"), Number{double(i)}});
  }
  return targets;
}

/// The key of all results, and how many targets ended well.
std::string digest_of(Run& run, const Graph& graph, int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += to_string(key_of(run.value(graph.task("refine").output("y"), i).encode()));
  return to_string(key_of(text));
}

void write_result(const fs::path& folder, const std::string& text) {
  std::ofstream(folder / "result.part") << text;
  fs::rename(folder / "result.part", folder / "result");
}

int run_rank(const fs::path& folder, int count, const mpi::Communicator& world) {
  std::ofstream(folder / ("pid_" + std::to_string(world.rank()))) << getpid() << std::flush;
  mpi::DistributedExecutorOptions options;
  options.threads = 2;
  options.silence_seconds = 30;
  options.start_seconds = 5;
  if (world.size() > 1) options.roles = {world.rank() % 2 == 0 ? "search" : "predict"};
  mpi::DistributedExecutor executor(world, options);
  const Journal log = log_of(folder);
  const auto store = std::make_shared<TellingStore>(
      std::make_shared<io::RunStore>(folder / "run", world.rank(),
                                     [&](const io::Damage& damage) {
                                       log.write("damage " + to_string(damage));
                                     }),
      log);
  const Graph graph = campaign(log);
  auto run = executor.run_targets(graph, targets(graph, count),
                                  {.store = store, .keep_values = false});
  run.wait();
  for (const TargetOutcome& outcome : run.outcomes())
    if (!outcome.is_good())
      throw Error(ErrorKind::Task, outcome.name + ": " + outcome.worst().message);
  if (executor.leader() == world.rank()) write_result(folder, digest_of(run, graph, count));
  return 0;
}

int main_of_rank(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto lookup = [](const char* name) { return static_cast<const char*>(std::getenv(name)); };
  mpi::SurvivalOptions survival;
  survival.survive_losses = mpi::Session::survives_losses(lookup);
  survival.silence_seconds = 20;
  mpi::Session session(survival);
  int code = 1;
  try {
    code = run_rank(argv[1], std::stoi(argv[2]), mpi::Communicator::world(session));
  } catch (const std::exception& error) {
    log_of(argv[1]).write(std::string("failed ") + error.what());
  }
  if (session.needs_leave()) session.leave(code, 3);
  return code;
}

}  // namespace
}  // namespace foldstream::test

int main(int argc, char** argv) { return foldstream::test::main_of_rank(argc, argv); }
