#include "energy.hpp"

#include <foldstream/io/text_file.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <system_error>

namespace foldstream::apps {
namespace {

namespace fs = std::filesystem;

constexpr double joules_of_kilowatt_hour = 3.6e6;

std::optional<double> number_of(const fs::path& file) {
  try {
    return std::stod(io::read_text_file(file));
  } catch (const std::exception&) {  // absent, or for root alone
    return std::nullopt;
  }
}

}  // namespace

EnergyMeter::EnergyMeter(fs::path folder) {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    // "intel-rapl:0" is a package (AMD's too); "intel-rapl:0:1" a part of it
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("intel-rapl:") || std::ranges::count(name, ':') != 1) continue;
    const auto now = number_of(entry.path() / "energy_uj");
    if (now)
      zones_.push_back({entry.path() / "energy_uj",
                        number_of(entry.path() / "max_energy_range_uj").value_or(0), *now});
  }
}

std::optional<double> EnergyMeter::joules() {
  if (zones_.empty()) return std::nullopt;
  for (Zone& zone : zones_) {
    const double now = number_of(zone.file).value_or(zone.last);
    joules_ += 1e-6 * (now >= zone.last ? now - zone.last : now + zone.range - zone.last);
    zone.last = now;
  }
  return joules_;
}

Energy energy_of(const MeasuredEnergy& measured, double busy_thread_seconds,
                 double device_seconds, const SiteProfile& site) {
  Energy energy;
  energy.is_measured = measured.processors.has_value();
  energy.are_devices_measured = measured.devices.has_value();
  energy.is_known = measured.processors || measured.devices || site.core_watts > 0 ||
                    (site.device_watts > 0 && device_seconds > 0);
  energy.processors = measured.processors.value_or(busy_thread_seconds * site.core_watts) /
                      joules_of_kilowatt_hour;
  energy.devices =
      measured.devices.value_or(device_seconds * site.device_watts) / joules_of_kilowatt_hour;
  return energy;
}

std::string energy_text(const Energy& energy, const SiteProfile& site) {
  if (!energy.is_known) return "not known (no counters, and no core_watts in the site's profile)";
  std::string text = fmt::format(
      "{:.3g} kWh ({})", energy.all(),
      energy.is_measured      ? "processors of the nodes measured"
      : energy.processors > 0 ? "processors estimated from declared watts"
                              : "processors not known");
  if (energy.devices > 0)
    text += fmt::format(", of these {:.3g} of devices, {}", energy.devices,
                        energy.are_devices_measured ? "measured" : "estimated");
  if (site.carbon > 0) text += fmt::format(", {:.3g} g CO2e", energy.all() * site.carbon);
  return text;
}

std::map<std::string, std::string> energy_facts(const Energy& energy, const RunStatus& status,
                                                const SiteProfile& site) {
  std::map<std::string, std::string> facts = {{"summary", energy_text(energy, site)}};
  if (!energy.is_known) return facts;
  facts["kilowatt_hours"] = fmt::format("{:.6g}", energy.all());
  facts["source"] = energy.is_measured ? "measured" : "estimated";
  if (site.carbon > 0) facts["grams_co2e"] = fmt::format("{:.6g}", energy.all() * site.carbon);
  const int targets = status.targets_done + status.targets_failed;
  if (targets > 0)
    facts["kilowatt_hours_per_target"] = fmt::format("{:.6g}", energy.all() / targets);
  double seconds = 0;
  for (const auto& [name, task] : status.tasks) seconds += task.seconds;
  for (const auto& [name, task] : status.tasks)
    if (seconds > 0 && task.seconds > 0)  // by the time of its tasks
      facts["kilowatt_hours of " + name] =
          fmt::format("{:.6g}", energy.all() * task.seconds / seconds);
  return facts;
}

}  // namespace foldstream::apps
