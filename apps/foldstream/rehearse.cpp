#include "rehearse.hpp"

#include <foldstream/control.hpp>
#include <foldstream/virtual_executor.hpp>

#ifdef FOLDSTREAM_HAS_MPI
#include <foldstream/mpi/virtual_ranks.hpp>
#endif

namespace foldstream::apps {
namespace {

/// A magnitude that says that the outputs of a task come with the target.
std::string given_flag(const std::string& task) { return "given " + task; }

/// The graph as its tasks look from outside; those that are given need nothing.
Graph outline(const Graph& graph) {
  return with_tasks(graph, [](Task& task) {
    task.identity.clear();
    for (Port& port : task.inputs) port.is_optional = true;  // there are no values
    if (!task.cost) return;
    task.cost = [cost = task.cost, flag = given_flag(task.name)](const Magnitudes& size) {
      return size.contains(flag) ? Cost{} : cost(size);
    };
  });
}

std::unique_ptr<Executor> make_rehearsal(const Machines& machines) {
#ifdef FOLDSTREAM_HAS_MPI
  if (machines.ranks > 1)
    return std::make_unique<mpi::VirtualRanks>(
        mpi::VirtualRanksOptions{machines.ranks, machines.capacity});
#else
  if (machines.ranks > 1)
    throw Error(ErrorKind::Unsupported, "this foldstream was built without MPI: it can plan for one "
                                        "rank only. Configure with -DFOLDSTREAM_WITH_MPI=ON.");
#endif
  return std::make_unique<VirtualExecutor>(VirtualOptions{machines.capacity});
}

}  // namespace

Rehearsed rehearse(const Graph& graph, const std::vector<PlanTarget>& targets,
                   const Machines& machines, const std::shared_ptr<CostBook>& costs) {
  const Graph plain = outline(graph);
  const auto accounting = std::make_shared<Accounting>(plain);
  const auto executor = make_rehearsal(machines);
  std::size_t next = 0;
  const auto source = [&]() -> std::optional<Target> {
    if (next == targets.size()) return std::nullopt;
    Target target;
    target.name = targets[next].name;
    target.magnitudes = targets[next].magnitudes;
    for (const std::string& task : targets[next].given) target.magnitudes[given_flag(task)] = 1;
    target.index = static_cast<int>(next++);
    return target;
  };
  Run run = executor->run_source(plain, source,
                                 {.observer = accounting,
                                  .keep_values = false,
                                  .costs = costs,
                                  .kept_bytes = machines.kept_bytes});
  run.wait();
  Rehearsed rehearsed{accounting->efficiency(machines.ranks * machines.capacity.threads), {}};
  for (TargetOutcome& outcome : run.outcomes())
    if (!outcome.is_good()) rehearsed.failed.push_back(std::move(outcome));
  return rehearsed;
}

}  // namespace foldstream::apps
