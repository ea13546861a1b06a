#include <foldstream/cost.hpp>

#include <algorithm>
#include <cmath>

namespace foldstream {
namespace {

constexpr double least_seconds = 1e-3;
constexpr double least_bytes = 1e6;
constexpr double longest_memory = 50;  // samples: older ones fade

std::uint64_t scaled(std::uint64_t bytes, double factor) {
  return static_cast<std::uint64_t>(std::llround(static_cast<double>(bytes) * factor));
}

}  // namespace

Cost CostBook::corrected(const std::string& task, Cost estimate) const {
  const std::scoped_lock lock(mutex_);
  const auto found = factors_.find(task);
  if (found == factors_.end()) return estimate;
  estimate.seconds *= found->second.seconds;
  estimate.bytes = scaled(estimate.bytes, found->second.bytes);
  return estimate;
}

void CostBook::learn(const std::string& task, const Cost& estimate, const Cost& measured) {
  const bool has_seconds = estimate.seconds >= least_seconds && measured.seconds > 0;
  const bool has_bytes = static_cast<double>(estimate.bytes) >= least_bytes && measured.bytes > 0;
  if (!has_seconds && !has_bytes) return;
  const std::scoped_lock lock(mutex_);
  CostFactor& factor = factors_[task];
  if (has_seconds) {
    const double weight = 1 / std::min(++factor.samples + 0.0, longest_memory);
    factor.seconds *= std::pow(measured.seconds / estimate.seconds / factor.seconds, weight);
  }
  if (has_bytes) {
    const double ratio = static_cast<double>(measured.bytes) / static_cast<double>(estimate.bytes);
    factor.bytes = factor.bytes_samples++ == 0 ? ratio : std::max(factor.bytes, ratio);
  }
}

std::map<std::string, CostFactor> CostBook::factors() const {
  const std::scoped_lock lock(mutex_);
  return factors_;
}

}  // namespace foldstream
