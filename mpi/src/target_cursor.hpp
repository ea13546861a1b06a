// TargetCursor: the targets of a source by position, for a rank that runs only some of them.
#pragma once

#include <foldstream/executor.hpp>

#include <map>
#include <mutex>
#include <optional>

namespace foldstream::mpi {

/// Reads the source as far as it must and keeps the targets it passes over, since these may be
/// granted to this rank later. Thread-safe.
class TargetCursor {
 public:
  /// @param keeps_all  keep what was given out too, to look its values up at the end.
  /// @param gives_again  a target may be asked for several times until the floor passes it
  TargetCursor(TargetSource source, bool keeps_all, bool gives_again = false)
      : source_(std::move(source)), keeps_all_(keeps_all), gives_again_(gives_again) {}

  /// The target at `index`, which it is given as its index; nothing past the end. Forgets targets
  /// before `floor`, unless it keeps all. @throws what the source throws.
  std::optional<Target> at(int index, int floor);
  /// Reads the source to its end, if it keeps all. @throws what the source throws.
  void read_through();
  /// A target that was kept; never asks the source.
  std::optional<Target> kept(int index) const;
  /// How many targets there are, or how many were read so far.
  int count() const;

 private:
  mutable std::mutex mutex_;
  const TargetSource source_;
  const bool keeps_all_;
  const bool gives_again_;
  std::map<int, Target> kept_;
  int next_ = 0;
  bool is_at_end_ = false;

  void advance(int index);
};

}  // namespace foldstream::mpi
