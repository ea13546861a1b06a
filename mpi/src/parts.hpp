// Parts: a graph cut along the kinds of ranks that its tasks belong on.
#pragma once

#include <foldstream/graph.hpp>

#include <string>
#include <utility>
#include <vector>

namespace foldstream::mpi {

/// What a rank is, for placement. All ranks know that of all.
struct RankFacts {
  std::vector<std::string> roles;         ///< empty: any
  std::vector<std::string> device_kinds;  ///< one entry a device
  int threads = 1;
};

/// What a part waits for in a part before it.
struct PartNeed {
  int part = 0;
  /// Task and output port of the streams that must have begun. Empty: the part must have ended.
  std::vector<std::pair<int, std::string>> streams;
};

/// Tasks of a target that run on one rank. Tasks are positions in Graph::tasks().
struct Part {
  std::string role;                 ///< of ranks; empty: any
  std::vector<std::string> devices;  ///< kinds that its tasks ask for
  std::vector<int> tasks;
  std::vector<PartNeed> needs;
  std::vector<int> ancestors;  ///< tasks of other parts that it depends on, directly or not
};

/// The parts of `graph`, each after those it needs. One part if no rank has a role and all have the
/// same kinds of devices, hence pure in what all ranks know.
///
/// A task goes with the role it names, if some rank has it; else to ranks with the device it asks
/// for, if not all have it; else where its last input is.
/// @throws Error{InvalidArgument} if a value that cannot be stored, or a task without identity, would
/// have to feed another part.
std::vector<Part> cut_by_role(const Graph& graph, const std::vector<RankFacts>& ranks);

/// The part of each task.
std::vector<int> part_of_tasks(const std::vector<Part>& parts, std::size_t task_count);

/// Whether a rank may run a part; if no rank of `ranks` may, all may.
bool may_run(const RankFacts& rank, const Part& part);

std::string encode(const RankFacts& facts);
RankFacts decode_facts(const std::string& text);

}  // namespace foldstream::mpi
