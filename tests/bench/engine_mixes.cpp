#include "engine.hpp"

#include <foldstream/io/fasta.hpp>
#include <foldstream/thread_executor.hpp>
#include <foldstream/virtual_executor.hpp>
#include <foldstream/workflows/stages.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

namespace foldstream::bench {
namespace {

/// Targets of a campaign: the residues and alignment rows of real proteins.
struct Mix {
  std::string name;
  std::vector<Magnitudes> targets;
};

Mix pairs_mix(const std::filesystem::path& folder) {
  Mix mix{"30 families with their alignments", {}};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (exists(entry.path() / "meta.json")) files.push_back(entry.path() / "meta.json");
  std::ranges::sort(files);
  for (const auto& file : files) {
    std::ifstream in(file);
    const nlohmann::json meta = nlohmann::json::parse(in);
    mix.targets.push_back({{"length", meta.at("L")}, {"rows", meta.at("Nseq")}});
  }
  return mix;
}

Mix fasta_mix(const std::string& name, const std::filesystem::path& file, std::size_t every,
              std::size_t limit) {
  Mix mix{name, {}};
  std::size_t number = 0;
  for (const io::FastaRecord& record : io::read_fasta(file, {.lenient = true}))
    if (number++ % every == 0 && mix.targets.size() < limit)
      mix.targets.push_back(
          {{"length", static_cast<double>(std::get<io::Sequence>(record).length())}, {"rows", 2000}});
  return mix;
}

/// The tasks of `fold` behind a search, on one thread each, with bodies that wait as long as the
/// tasks are estimated to take, times `scale`.
Graph sleeping_fold(double scale) {
  Graph graph;
  std::optional<TaskRef> before;
  for (Task task : {workflows::msa_task({}, "msa"), workflows::predict_task({}, "predict"),
                    workflows::refine_task({}, "refine")}) {
    Task sleeper;
    sleeper.name = task.name;
    sleeper.inputs = {{"in", PortType::of<Magnitudes>(), "", !before}};
    sleeper.outputs = {{"out", PortType::of<Magnitudes>()}};
    sleeper.cost = [cost = task.cost, scale](const Magnitudes& size) {
      Cost all = cost(size);
      all.seconds *= scale;
      all.bytes = 0;
      return all;
    };
    sleeper.body = [cost = sleeper.cost](const Values& inputs, const Context&) {
      const auto& size = inputs.at("in").as<Magnitudes>();
      std::this_thread::sleep_for(std::chrono::duration<double>(cost(size).seconds));
      return Values{{"out", inputs.at("in")}};
    };
    const TaskRef added = graph.add(std::move(sleeper));
    if (before) graph.connect(before->output("out"), added.input("in"));
    before = added;
  }
  return graph;
}

struct Bound {
  double work = 0;
  double longest = 0;
};

Bound bound(const Graph& graph, const Mix& mix) {
  Bound all;
  for (const Magnitudes& size : mix.targets) {
    double chain = 0;
    for (const auto& task : graph.tasks()) chain += task->cost(size).seconds;
    all.work += chain;
    all.longest = std::max(all.longest, chain);
  }
  return all;
}

std::vector<Target> targets_of(const Graph& graph, const Mix& mix) {
  std::vector<Target> targets;
  for (const Magnitudes& size : mix.targets) {
    Target& target = targets.emplace_back();
    target.magnitudes = size;
    target.inputs.push_back({graph.task("msa").input("in"), size});
  }
  return targets;
}

/// @param threads  as many that the longest target does not decide alone
void add_bars(std::vector<Bar>& bars, const Mix& mix, int threads, double seconds) {
  const Bound real = bound(sleeping_fold(1), mix);
  const Graph graph = sleeping_fold(seconds * threads / real.work);
  const Bound scaled = bound(graph, mix);
  const double least = std::max(scaled.longest, scaled.work / threads);
  const std::string name = fmt::format("{}, {} threads", mix.name, threads);

  VirtualExecutor rehearsal({.capacity = {.threads = threads}});
  rehearsal.run_targets(graph, targets_of(graph, mix), {.keep_values = false, .window = 4096}).wait();
  bars.push_back({"makespan / lower bound, rehearsed: " + name, rehearsal.makespan() / least, "1",
                  1.03, 1.03, true});

  ThreadExecutor executor({.threads = threads});
  const double taken = best_of(2, [&] {
    const auto began = std::chrono::steady_clock::now();
    executor.run_targets(graph, targets_of(graph, mix), {.keep_values = false, .window = 4096}).wait();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  });
  bars.push_back({"makespan / lower bound: " + name, taken / least, "1", 1.03, 1.03, true});
}

}  // namespace

std::vector<Bar> mix_bars(const std::filesystem::path& data, bool quick) {
  if (!exists(data / "pairs") || !exists(data / "search")) {
    fmt::print(stderr, "no pairs/ and search/ in {}: campaigns are left out\n", data.string());
    return {};
  }
  std::vector<Bar> bars;
  const double seconds = quick ? 0.2 : 8;
  add_bars(bars, pairs_mix(data / "pairs"), 4, seconds);
  add_bars(bars, fasta_mix("1,000 domains", data / "search/astral40_scope207_labelled.fa.gz", 13, 1000),
           16, seconds);
  add_bars(bars, fasta_mix("500 whole proteins", data / "search/background_proteins.fa.gz", 7, 500), 16,
           seconds);
  return bars;
}

}  // namespace foldstream::bench
