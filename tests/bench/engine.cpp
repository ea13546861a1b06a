#include "engine.hpp"

#include "areas.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <memory>

namespace foldstream::bench {

double best_of(int repeats, const std::function<double()>& measure) {
  measure();
  double best = measure();
  for (int i = 1; i < repeats; ++i) best = std::min(best, measure());
  return best;
}

void add_engine(CLI::App& app, const AreaOptions& shared) {
  CLI::App* command = app.add_subcommand(
      "engine", "What a task costs, and how well campaigns fill a machine");
  const auto data = std::make_shared<std::filesystem::path>("../shared/data");
  command->add_option("--data", *data, "folder with search/ and pairs/, for the lengths of proteins")
      ->capture_default_str();
  command->callback([&shared, data] {
    const auto show = [&](const std::vector<Bar>& bars) {
      fmt::print("{}\n", shared.json ? format_bars_json(bars, "engine") : format_bars(bars, "peer"));
      std::fflush(stdout);
    };
    show(task_bars(shared.quick));  // first: the heap is then as a program finds it
    show(flow_bars(shared.quick));
    show(mix_bars(*data, shared.quick));
  });
}

}  // namespace foldstream::bench
