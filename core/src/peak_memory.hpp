// Peak memory of this process, and of a task that runs alone in it.
#pragma once

#include <cstdint>

namespace foldstream {

/// Forgets the peak so far; false where the system cannot (then `peak_bytes` is since the start).
bool reset_peak();
/// Most memory the process has had resident; 0 where the system does not tell.
std::uint64_t peak_bytes();

/// Measures what a body needs at its peak, if no other is run meanwhile by any executor.
class PeakMeter {
 public:
  /// @param is_wanted  off: only counts the body, for the meters of others
  explicit PeakMeter(bool is_wanted);
  ~PeakMeter();
  PeakMeter(const PeakMeter&) = delete;
  PeakMeter& operator=(const PeakMeter&) = delete;

  /// Bytes above what was resident when it began; 0: not known.
  std::uint64_t bytes() const;

 private:
  std::uint64_t begun_ = 0;     ///< number of this body; 0: not measured
  std::uint64_t resident_ = 0;  ///< when it began
};

}  // namespace foldstream
