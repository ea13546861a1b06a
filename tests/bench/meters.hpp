// Meters: wall time of the parts of a prediction, and peak memory of the process.
#pragma once

#include <foldstream/context.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace foldstream::bench {

/// Tells parts apart by the words that a prediction reports as its progress. Thread-safe.
class PartTimes {
 public:
  /// To be given to a Context; must not outlive this object.
  std::function<void(double, std::string_view)> listener();
  /// Ends the part that runs. @returns seconds by part, in the order of the alphabet.
  std::map<std::string, double> finish();

 private:
  using Clock = std::chrono::steady_clock;

  void enter(std::string_view what);

  std::mutex mutex_;
  std::string part_;
  Clock::time_point since_ = Clock::now();
  std::map<std::string, double> seconds_;
};

/// Forgets the peak so far; false where the system cannot (then `peak_bytes` is since the start).
bool reset_peak();
/// Most memory the process has had resident; 0 where the system does not tell.
std::size_t peak_bytes();

}  // namespace foldstream::bench
