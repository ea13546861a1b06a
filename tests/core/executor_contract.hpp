// The executor contract: what every foldstream::Executor must do. A test program includes this file
// and says INSTANTIATE_TEST_SUITE_P(Threads, ExecutorContract, testing::ValuesIn(cases()),
// case_name).
#pragma once

#include "core/contract_case.hpp"

#include <atomic>
#include <set>

namespace foldstream::test {

/// On several ranks, only rank 0 knows all outcomes; bodies are counted by the journal, not by
/// memory.
class ExecutorContract : public testing::TestWithParam<ExecutorCase> {
 protected:
  bool runs_two_of_a_target() const {
    return GetParam().is_concurrent && GetParam().runs_two_of_a_target;
  }
  bool is_root() const { return GetParam().rank == 0; }

  std::unique_ptr<Executor> executor(std::uint64_t memory_bytes = 0) const {
    return GetParam().make(memory_bytes);
  }
  /// Runs `targets` to their end with a new executor.
  std::vector<TargetOutcome> finish(const Graph& graph, std::vector<Target> targets,
                                    RunOptions options = {}) const {
    auto run = executor()->run_targets(graph, std::move(targets), std::move(options));
    run.wait();
    return run.outcomes();
  }

  const Journal journal{GetParam().make_folder() / "calls"};
};

inline std::string case_name(const testing::TestParamInfo<ExecutorCase>& info) {
  return info.param.name;
}

}  // namespace foldstream::test

#include "core/contract_control.hpp"
#include "core/contract_flow.hpp"
#include "core/contract_policies.hpp"
#include "core/contract_stop.hpp"
#include "core/contract_store.hpp"
#include "core/contract_stream.hpp"
