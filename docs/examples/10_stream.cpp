// A task that reads what another one makes while it is being made.
//
//   seed ─> [walk] ~ frames ~> [watch] ─> largest
//
// `walk` gives 2000 frames of a chain of beads, 2.4 MB, a chunk each; `watch` begins with the first
// of them and keeps none. It prints
//   2000 frames, largest radius of gyration 16.3 Å; at most 64 kB were held
#include <foldstream/graph.hpp>
#include <foldstream/stream_hub.hpp>
#include <foldstream/thread_executor.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <vector>

using foldstream::Context;
using foldstream::PortType;
using foldstream::Stream;
using foldstream::Task;
using foldstream::Tensor;
using foldstream::Value;
using foldstream::Values;

namespace {

constexpr int frames = 2000;
constexpr int beads = 100;
constexpr std::uint64_t window = std::uint64_t{64} << 10U;

/// Moves one bead after the other, and what follows it in the chain, a little to any side.
Tensor next_frame(std::vector<float>& positions, std::mt19937& random) {
  const auto coordinate = [&] { return static_cast<float>(random() % 2001) / 1000.0F - 1; };
  const std::size_t from = random() % beads * 3;
  const float shift[] = {coordinate(), coordinate(), coordinate()};
  for (std::size_t i = from; i < positions.size(); ++i) positions[i] += shift[i % 3];
  return Tensor::of<float>(positions, {1, beads, 3});
}

Task walk_task() {
  Task task;
  task.name = "walk";
  task.inputs = {{"seed", PortType::of<std::int32_t>()}};
  task.outputs = {{"frames", PortType::of<Stream>()}};
  task.identity = "walk 1";
  task.body = [](const Values& inputs, const Context& context) -> Values {
    std::mt19937 random(static_cast<unsigned>(inputs.at("seed").as<std::int32_t>()));
    std::vector<float> positions(beads * 3);
    // consumers may begin as soon as it is open; appending waits while too much is held
    const auto writer = context.open_stream(
        "frames", {foldstream::DType::f32, {beads, 3}, "angstrom", {"frame", "bead", "xyz"}});
    for (int i = 0; i < frames; ++i) writer->append(next_frame(positions, random));
    return {};  // the stream ends well when the body returns
  };
  return task;
}

double radius_of_gyration(const Tensor& frame) {
  double sum[] = {0, 0, 0};
  double squares = 0;
  const auto values = frame.values<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum[i % 3] += values[i];
    squares += static_cast<double>(values[i]) * values[i];
  }
  const double mean = (sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]) / (beads * beads);
  return std::sqrt(squares / beads - mean);
}

Task watch_task() {
  Task task;
  task.name = "watch";
  task.inputs = {{"frames", PortType::of<Stream>()}};
  task.outputs = {{"largest", PortType::of<double>()}, {"count", PortType::of<std::int32_t>()}};
  task.identity = "watch 1";
  task.body = [](const Values& inputs, const Context& context) -> Values {
    double largest = 0;
    std::int32_t count = 0;
    const auto reader = context.read_stream(inputs.at("frames").as<Stream>());
    for (; const auto frame = reader->next(); ++count)
      largest = std::max(largest, radius_of_gyration(*frame));
    return {{"largest", Value::of(largest)}, {"count", Value::of(count)}};
  };
  return task;
}

}  // namespace

int main() {
  try {
    foldstream::Graph graph;
    const auto walk = graph.add(walk_task());
    const auto watch = graph.add(watch_task());
    graph.connect(walk.output("frames"), watch.input("frames"));

    // With a store chunks leave memory once they are stored; foldstream::io::RunStore keeps them on
    // the disk, and a run that was interrupted finds them again.
    const auto store = std::make_shared<foldstream::MemoryStore>();
    const auto hub = std::make_shared<foldstream::StreamHub>(
        store, foldstream::StreamHubOptions{.window_bytes = window});
    foldstream::ThreadExecutor executor({.threads = 2});
    auto run = executor.run(graph, {{walk.input("seed"), std::int32_t{7}}},
                            {.store = store, .streams = hub});
    const auto count = run.get<std::int32_t>(watch.output("count"));
    const double largest = run.get<double>(watch.output("largest"));
    std::printf("%d frames, largest radius of gyration %.1f Å; at most %d kB were held\n", count,
                largest, static_cast<int>(window >> 10U));
    return count == frames && hub->peak_bytes() <= window ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
