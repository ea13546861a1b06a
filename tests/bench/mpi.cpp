#include "areas.hpp"
#include "bar.hpp"
#include "dispatch.hpp"
#include "launch.hpp"
#include "loss.hpp"
#include "rank_pair.hpp"

#include <foldstream/error.hpp>
#include <foldstream/mpi/session.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <functional>

namespace foldstream::bench {
namespace {

/// What is measured of both, and how ours should compare.
struct Measure {
  std::string name;
  std::string unit;
  double scale;  ///< from what `run` returns
  std::function<double(RankPair&)> run;
  bool at_most = false;                   ///< smaller is better
  std::optional<double> goal_ratio = {};  ///< ours to raw
  std::optional<double> goal = {};        ///< ours
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Two bars: the medians, and the best, of trials that take turns.
std::vector<Bar> compare(const Measure& measure, RankPair& ours, RankPair& raw, int trials) {
  std::vector<double> our_values;
  std::vector<double> raw_values;
  for (int trial = -1; trial < trials; ++trial) {
    const double raw_value = measure.run(raw) * measure.scale;
    const double our_value = measure.run(ours) * measure.scale;
    if (trial < 0) continue;  // memory is fresh
    raw_values.push_back(raw_value);
    our_values.push_back(our_value);
  }
  const auto bar = [&](const char* which, double our_value, double raw_value) {
    std::optional<double> goal = measure.goal;
    if (measure.goal_ratio) goal = *measure.goal_ratio * raw_value;
    return Bar{measure.name + which, our_value, measure.unit, goal, goal,
               measure.at_most,      "raw MPI", raw_value};
  };
  const auto best = [&](const std::vector<double>& values) {
    return measure.at_most ? std::ranges::min(values) : std::ranges::max(values);
  };
  return {bar(", median", median(our_values), median(raw_values)),
          bar(", best", best(our_values), best(raw_values))};
}

std::vector<Measure> measures(bool quick) {
  const int part = quick ? 10 : 1;
  const std::size_t mib = std::size_t{1} << 20;
  return {
      {"64 B messages, one way", "M/s", 1e-6,
       [=](RankPair& pair) { return pair.rate(64, 128'000 / part); }, false, std::nullopt, 2.0},
      {"64 B message", "us", 1e6, [=](RankPair& pair) { return pair.latency(64, 5'000 / part); },
       true},
      {"4 KiB tensor", "us", 1e6, [=](RankPair& pair) { return pair.latency(4096, 2'000 / part); },
       true},
      {"1 MiB tensor (goal 1.2 x raw)", "us", 1e6,
       [=](RankPair& pair) { return pair.latency(mib, 100 / part); }, true, 1.2},
      {"1 MiB tensors (goal 0.85 x raw)", "GB/s", 1e-9,
       [=](RankPair& pair) { return pair.bandwidth(mib, 320 / part); }, false, 0.85},
      {"8 MiB tensors (goal 0.85 x raw)", "GB/s", 1e-9,
       [=](RankPair& pair) { return pair.bandwidth(8 * mib, quick ? 8 : 40); }, false, 0.85},
  };
}

void print(const std::vector<Bar>& bars, const AreaOptions& options) {
  fmt::print("{}\n", options.json ? format_bars_json(bars, "mpi") : format_bars(bars, "raw MPI"));
  std::fflush(stdout);
}

std::vector<Bar> message_bars(const mpi::Communicator& world, bool quick) {
  const auto ours = our_transport(world);
  const auto raw = raw_mpi();
  std::vector<Bar> bars;
  for (const Measure& measure : measures(quick))
    std::ranges::move(compare(measure, *ours, *raw, quick ? 3 : 31), std::back_inserter(bars));
  return bars;
}

void run_on_ranks(const AreaOptions& options) {
  const mpi::Session session;
  const auto world = mpi::Communicator::world(session);
  if (world.size() != 2)
    throw Error(ErrorKind::InvalidArgument, "the area 'mpi' needs 2 ranks, not " +
                                                std::to_string(world.size()) +
                                                ". Say mpirun -n 2 foldstream-bench mpi.");
  std::vector<Bar> bars;
  if (options.only != "tasks") bars = message_bars(world, options.quick);
  if (options.only != "messages")
    std::ranges::move(dispatch_bars(world, options.quick), std::back_inserter(bars));
  if (world.rank() == 0) print(bars, options);
}

}  // namespace

void add_mpi(CLI::App& app, const AreaOptions& shared) {
  CLI::App* command = app.add_subcommand(
      "mpi", "What messages, tasks and losses cost on several ranks, beside raw MPI");
  struct Lose {
    int victim = -1;
    std::string folder;
  };
  const auto lose = std::make_shared<Lose>();
  command->add_option("--lose", lose->victim)->group("");  // of the jobs that it starts itself
  command->add_option("--folder", lose->folder)->group("");
  command->callback([&shared, lose] {
    if (lose->victim >= 0) be_lost_or_survive(lose->victim, lose->folder);
    if (is_rank()) return run_on_ranks(shared);
    if (shared.only.empty() || shared.only == "losses") print(loss_bars(shared.quick), shared);
    if (shared.only != "losses") start_on_ranks("mpi", shared);
  });
}

}  // namespace foldstream::bench
