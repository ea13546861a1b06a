// Energy of a run: measured where the node tells, else reckoned from declared watts.
#pragma once

#include "run_status.hpp"
#include "site.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace foldstream::apps {

/// What the processors of this node have used since the meter was made: the sum of its packages in
/// Linux' powercap (RAPL), of all processes on the node.
class EnergyMeter {
 public:
  /// @param folder  of the zones; another one for tests
  explicit EnergyMeter(std::filesystem::path folder = "/sys/class/powercap");
  /// Joules; nothing where the node has no counters, or does not let this user read them. Counters
  /// wrap: to be called every few minutes at least.
  std::optional<double> joules();

 private:
  struct Zone {
    std::filesystem::path file;
    double range = 0;  ///< it begins again at 0 there, µJ
    double last = 0;
  };
  std::vector<Zone> zones_;
  double joules_ = 0;
};

/// Joules that were counted; nothing where there was no counter.
struct MeasuredEnergy {
  std::optional<double> processors;  ///< of all nodes
  std::optional<double> devices;
};

/// Of a run, in kilowatt-hours.
struct Energy {
  double processors = 0;
  double devices = 0;
  bool is_measured = false;          ///< the processors
  bool are_devices_measured = false;
  bool is_known = false;

  double all() const { return processors + devices; }
};

/// What was not measured is reckoned with the site's watts.
/// @param device_seconds  of tasks that had a device
Energy energy_of(const MeasuredEnergy& measured, double busy_thread_seconds,
                 double device_seconds, const SiteProfile& site);

/// "0.012 kWh (processors of the nodes measured), 3.1 g CO2e"; says where nothing is known, and how to make it
/// so.
std::string energy_text(const Energy& energy, const SiteProfile& site);

/// For run.json: in all, where from, by stage and for a target.
std::map<std::string, std::string> energy_facts(const Energy& energy, const RunStatus& status,
                                                const SiteProfile& site);

}  // namespace foldstream::apps
