// Meters: wall time of the parts of a prediction.
#pragma once

#include <foldstream/context.hpp>

#include <chrono>
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

}  // namespace foldstream::bench
