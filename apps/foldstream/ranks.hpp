// Ranks: whether this process is one of several, and the executor that fits.
#pragma once

#include <foldstream/executor.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace foldstream::apps {

/// Whether this process prints: true unless a launcher started it as another rank than the first.
/// Told by the environment, before MPI runs.
bool is_first_rank();

/// Roles of ranks, by rank, from "0-1:search,2-3:predict+refine"; ranks that are not named are for
/// anything. @throws Error{InvalidArgument} for a text of another form, a rank that there is not, or a
/// role that no task of `graph` has, with the near miss.
std::map<int, std::vector<std::string>> parse_roles(const std::string& text, int ranks,
                                                    const Graph& graph);

struct RankOptions {
  int threads = 0;                 ///< of each rank; 0 = what it may fairly use
  std::uint64_t memory_bytes = 0;  ///< of each rank; 0 = no limit
  std::vector<std::string> roles = {};  ///< of this rank; empty: any
  int run_ahead = 0;               ///< most targets in work at once; 0 = chosen
  std::vector<Device> devices = {};     ///< of this rank
  std::function<void()> on_thread = {};  ///< called first by each thread that runs tasks
};

/// A rank among those of its node.
struct Seat {
  int number = 0;
  int ranks = 1;
};

/// The devices of a rank among those of its node: ranks of a node share them out by their numbers
/// there. Where there are more ranks than devices, some have the same one.
std::vector<Device> own_devices(const std::vector<Device>& of_node, const Seat& seat);

/// On the threads of this process alone.
std::unique_ptr<Executor> make_thread_executor(const RankOptions& options);

/// The processes of a campaign. Collective where there are several. If the launcher keeps the job
/// going when a rank dies, the others go on; then the process ends by `end_process`.
class Ranks {
 public:
  /// Starts MPI if a launcher started this process as one of its ranks.
  /// @throws Error{Unsupported} if that is so and the command was built without MPI.
  Ranks();
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const noexcept;
  int size() const noexcept;
  const Seat& seat() const noexcept { return seat_; }
  /// How many threads all ranks have together, if each is asked for `threads`; 0 as below.
  int threads(int threads) const;
  /// Threads of the machine if there is one rank; spread over the ranks otherwise. Collective.
  std::unique_ptr<Executor> make_executor(const RankOptions& options) const;
  /// Whether this rank speaks for all that are left, as the executor has it now: the first does,
  /// unless it was lost.
  bool leads(const Executor& executor) const;
  /// What each rank says, by rank. Collective.
  std::vector<std::string> gather(const std::string& own) const;
  /// Ranks that were lost.
  std::vector<int> lost(const Executor& executor) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  Seat seat_;
};

/// The last call of the process: leaves MPI as it must be left if ranks were, or may be, lost.
/// @returns  the exit code, for `main` to return
int end_process(int exit_code);

}  // namespace foldstream::apps
