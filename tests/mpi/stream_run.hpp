// A producer and a consumer of one stream, as tasks of ranks of different roles.
#pragma once

#include "core/contract_case.hpp"

#include <foldstream/stream_hub.hpp>

#include <functional>

namespace foldstream::test {

struct StreamRun {
  int chunks = 20;
  std::int64_t rows = 16;  ///< of a chunk, of 4 floats each
  /// Called in the producer before each chunk, and in the consumer after each.
  std::function<void(int chunk, const Context&)> before = {};
  std::function<void(int chunk, const Context&)> after = {};
};

inline Tensor chunk_of(int number, std::int64_t rows) {
  std::vector<float> values(static_cast<std::size_t>(rows * 4));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(number) + static_cast<float>(i) / 1024.0F;
  return Tensor::of<float>(values, {rows, 4});
}

/// Number x in, the stream "rows" out.
inline Task producer_task(const StreamRun& run) {
  Task task;
  task.name = "produce";
  task.role = "produce";
  task.identity = "produce 1";
  task.inputs = {{"x", PortType::of<Number>()}};
  task.outputs = {{"rows", PortType::of<Stream>()}};
  task.body = [run](const Values& in, const Context& context) -> Values {
    const int first = static_cast<int>(number(in, "x")) * 1000;
    const auto writer = context.open_stream("rows", {DType::f32, {4}});
    for (int i = 0; i < run.chunks; ++i) {
      if (run.before) run.before(i, context);
      writer->append(chunk_of(first + i, run.rows));
    }
    return {};
  };
  return task;
}

/// The stream in; out the key of all its bytes, as text.
inline Task consumer_task(const StreamRun& run) {
  Task task;
  task.name = "consume";
  task.role = "consume";
  task.identity = "consume 1";
  task.inputs = {{"rows", PortType::of<Stream>()}};
  task.outputs = {{"digest", PortType::of<std::string>()}};
  task.body = [run](const Values& in, const Context& context) {
    const auto reader = context.read_stream(in.at("rows").as<Stream>());
    std::string digest;
    for (int i = 0; const auto chunk = reader->next(); ++i) {
      const auto raw = chunk->raw();
      digest = to_string(
          key_of(digest + std::string(reinterpret_cast<const char*>(raw.data()), raw.size())));
      if (run.after) run.after(i, context);
    }
    return Values{{"digest", Value::of(digest)}};
  };
  return task;
}

inline Graph stream_graph(const StreamRun& run) {
  Graph graph;
  const TaskRef from = graph.add(producer_task(run)), to = graph.add(consumer_task(run));
  graph.connect(from.output("rows"), to.input("rows"));
  return graph;
}

/// What the consumer must come to for the target of number x.
inline std::string stream_digest(const StreamRun& run, int x) {
  std::string digest;
  for (int i = 0; i < run.chunks; ++i) {
    const Tensor chunk = chunk_of(x * 1000 + i, run.rows);
    const auto raw = chunk.raw();
    digest = to_string(
        key_of(digest + std::string(reinterpret_cast<const char*>(raw.data()), raw.size())));
  }
  return digest;
}

}  // namespace foldstream::test
