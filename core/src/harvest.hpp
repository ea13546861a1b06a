// Harvest: what one thread collects while it ends tasks; see GraphRun.
#pragma once

#include "brief_lock.hpp"
#include "graph_run.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace foldstream {

struct GraphRun::Harvest {
  std::vector<std::pair<LiveTarget*, int>> ended;  ///< whose followers are still to be told
  std::vector<Submission> submissions;
  std::vector<int> ready;
  std::optional<Work> follow;
  double time = 0;               ///< of the run, when the last body ended; 0: none has
  const Grant* grant = nullptr;  ///< with which one task may go on; null: none may

  /// That of this thread, empty. A thread settles one harvest before it begins the next.
  static Harvest& of_thread(const Grant* grant) {
    thread_local Harvest harvest;
    harvest.ended.clear();
    harvest.submissions.clear();
    harvest.follow.reset();
    harvest.grant = grant;
    harvest.time = 0;
    return harvest;
  }
};

inline std::size_t position_of(int index) { return static_cast<std::size_t>(index); }

}  // namespace foldstream
