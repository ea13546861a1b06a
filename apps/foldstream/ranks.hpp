// Ranks: whether this process is one of several, and the executor that fits.
#pragma once

#include <foldstream/executor.hpp>

#include <cstdint>
#include <memory>

namespace foldstream::apps {

/// Whether this process prints: true unless a launcher started it as another rank than the first.
/// Told by the environment, before MPI runs.
bool is_first_rank();

/// The processes of a campaign. Collective where there are several.
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
  /// How many threads all ranks have together, if each is asked for `threads`; 0 as below.
  int threads(int threads) const;
  /// Threads of the machine if there is one rank; spread over the ranks otherwise.
  /// Collective: `threads` 0 = what this rank may fairly use.
  std::unique_ptr<Executor> make_executor(int threads, std::uint64_t memory_bytes) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foldstream::apps
