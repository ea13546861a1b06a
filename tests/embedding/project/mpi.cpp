// The ranks, linked alone, without a launcher: squares a number on the one rank there is.
#include <foldstream/graph.hpp>
#include <foldstream/mpi/distributed_executor.hpp>
#include <foldstream/mpi/session.hpp>

#include <cstdio>

using foldstream::Context;
using foldstream::PortType;
using foldstream::Value;
using foldstream::Values;

int main() {
  foldstream::Task square;
  square.name = "square";
  square.inputs = {{"x", PortType::of<int>()}};
  square.outputs = {{"y", PortType::of<int>()}};
  square.body = [](const Values& inputs, const Context&) -> Values {
    const int x = inputs.at("x").as<int>();
    return {{"y", Value::of(x * x)}};
  };
  foldstream::Graph graph;
  const auto task = graph.add(square);

  foldstream::mpi::Session session;
  foldstream::mpi::DistributedExecutor executor(foldstream::mpi::Communicator::world(session));
  auto run = executor.run(graph, {{task.input("x"), 7}});
  std::printf("7 squared on a rank: %d\n", run.get<int>(task.output("y")));
  return run.get<int>(task.output("y")) == 49 ? 0 : 1;
}
