// CostBook: what tasks were measured to need, to correct what they are estimated to.
#pragma once

#include <foldstream/task.hpp>

#include <map>
#include <mutex>
#include <string>

namespace foldstream {

/// How far the estimates of a task are off.
struct CostFactor {
  double seconds = 1;  ///< measured / estimated, the geometric mean
  double bytes = 1;    ///< the largest measured / estimated; memory must suffice
  int samples = 0;     ///< of the time
  int bytes_samples = 0;

  friend bool operator==(const CostFactor&, const CostFactor&) = default;
};

/// Factors by name of task. Thread-safe.
class CostBook {
 public:
  CostBook() = default;
  explicit CostBook(std::map<std::string, CostFactor> factors) : factors_(std::move(factors)) {}

  /// The estimate, corrected; itself if nothing was measured.
  Cost corrected(const std::string& task, Cost estimate) const;
  /// Learns from a task that was estimated to need `estimate` (uncorrected) and needed `measured`;
  /// what is 0 in either teaches nothing. Estimates under a millisecond or a megabyte are noise.
  void learn(const std::string& task, const Cost& estimate, const Cost& measured);
  std::map<std::string, CostFactor> factors() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, CostFactor> factors_;
};

}  // namespace foldstream
