#include <foldstream/executor.hpp>

namespace foldstream {

Run Executor::run_targets(const Graph& graph, std::vector<Target> targets, RunOptions options) {
  auto shared = std::make_shared<std::vector<Target>>(std::move(targets));
  std::size_t next = 0;
  const auto source = [shared, next]() mutable -> std::optional<Target> {
    if (next == shared->size()) return std::nullopt;
    Target target = std::move((*shared)[next]);
    target.index = static_cast<int>(next++);
    return target;
  };
  return run_source(graph, source, std::move(options));
}

Run Executor::run(const Graph& graph, std::vector<Binding> inputs, RunOptions options) {
  std::vector<Target> targets(1);
  targets.front().inputs = std::move(inputs);
  return run_targets(graph, std::move(targets), std::move(options));
}

}  // namespace foldstream
