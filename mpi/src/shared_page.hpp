// SharedPage: memory that the ranks of one node share to see how each of the job's ranks stands.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace foldstream::mpi {

/// How a rank stands. Only a rank that is alive can change; it does so once.
enum class Standing : std::uint8_t { alive, left, lost };

/// Anonymous memory of the rank that made it: nothing of it stays behind, however the ranks end.
/// Thread-safe, between processes too.
class SharedPage {
 public:
  /// New memory for this many ranks, all alive. @throws Error{Io}.
  explicit SharedPage(int ranks);
  /// That which another process of this node has made. @throws Error{Io} naming the process.
  SharedPage(int ranks, pid_t pid, int descriptor);
  ~SharedPage();
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;

  /// For others to open, while this process lives.
  int descriptor() const noexcept { return descriptor_; }

  Standing standing(int rank) const;
  /// @returns false if the rank was not alive any more; then nothing changes.
  bool change(int rank, Standing to);
  /// Counts the changes of standings.
  std::uint32_t changes() const;

  /// The rank's heartbeat moves on.
  void beat(int rank);
  std::uint64_t beats(int rank) const;

  /// This node cannot reach the most of the others.
  void cut_off();
  bool is_cut_off() const;

 private:
  void map();
  std::byte* at(std::size_t offset) const { return memory_ + offset; }

  std::size_t ranks_;
  int descriptor_ = -1;
  std::byte* memory_ = nullptr;
};

}  // namespace foldstream::mpi
