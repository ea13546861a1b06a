// What each rank tells of itself while a campaign runs: small files, brought up to date every
// second.
#pragma once

#include "campaign_options.hpp"
#include "device_meter.hpp"
#include "energy.hpp"
#include "metrics_server.hpp"
#include "ranks.hpp"
#include "run_status.hpp"

#include <filesystem>
#include <optional>

namespace foldstream::apps {

/// Writes OUT/ranks/rNNNN.memory and, where there is something to tell, .refused (with --offline)
/// .joules (by one rank of each node) and .device_joules, and metrics for Prometheus.
class RankFiles {
 public:
  /// @param rank  the number of this process among those that write to the folder
  /// @throws Error{Io}, Error{InvalidArgument} for metrics that cannot be told.
  RankFiles(const CampaignOptions& options, int rank, const Seat& seat);
  /// From now on, what these devices use is told too.
  void meter(const std::vector<Device>& devices) { device_meter_.emplace(devices); }

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
  std::optional<MetricsServer> server_;
  std::optional<EnergyMeter> meter_;
  std::optional<DeviceMeter> device_meter_;
};

/// What ranks of an earlier run told; there may have been more of them.
void remove_rank_files(const std::filesystem::path& ranks);

/// Most memory that this process has had resident, bytes.
std::uint64_t own_peak_bytes();

/// The largest of what ranks have written below the folder "ranks" of memory, bytes.
std::uint64_t largest_memory(const std::filesystem::path& ranks);
/// How many calls for the network were refused, of all ranks with --offline; nothing if there were
/// none.
std::optional<std::int64_t> refused_calls(const std::filesystem::path& ranks);
/// Measured on all nodes, and of all their devices; nothing where none could.
MeasuredEnergy measured_energy(const std::filesystem::path& ranks);

}  // namespace foldstream::apps
