// What each rank tells of itself while a campaign runs: small files, brought up to date every
// second.
#pragma once

#include "energy.hpp"
#include "run_status.hpp"

#include <filesystem>
#include <optional>

namespace foldstream::apps {

/// Writes OUT/ranks/rNNNN.memory and, where there is something to tell, .refused (with --offline)
/// and .joules (by one rank of each node), and a file of metrics for Prometheus.
class RankFiles {
 public:
  /// @param rank  the number of this process among those that write to the folder
  /// @param metrics  folder of metrics; empty: none
  RankFiles(std::filesystem::path out, int rank, bool is_offline, std::filesystem::path metrics);

  /// @param status  where this rank speaks for all; null otherwise
  /// @throws Error{Io}.
  void write(const RunStatus* status);

 private:
  std::filesystem::path file(const char* ending) const;
  std::string metrics(const RunStatus* status) const;

  const std::filesystem::path out_;
  const int rank_;
  const bool is_offline_;
  const std::filesystem::path metrics_;
  std::optional<EnergyMeter> meter_;
};

/// Most memory that this process has had resident, bytes.
std::uint64_t own_peak_bytes();

/// The largest of what ranks have written below the folder "ranks" of memory, bytes.
std::uint64_t largest_memory(const std::filesystem::path& ranks);
/// How many calls for the network were refused, of all ranks with --offline; nothing if there were
/// none.
std::optional<std::int64_t> refused_calls(const std::filesystem::path& ranks);
/// Measured on all nodes; nothing if none could.
std::optional<double> measured_joules(const std::filesystem::path& ranks);

}  // namespace foldstream::apps
