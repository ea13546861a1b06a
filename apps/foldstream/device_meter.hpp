// What accelerators have used, as their driver counts it.
#pragma once

#include <foldstream/resources.hpp>

#include <optional>
#include <string>
#include <vector>

namespace foldstream::apps {

/// Of NVIDIA devices, by NVML (nvmlDeviceGetTotalEnergyConsumption; Volta and later), which is loaded
/// where it is there. Counts all that a device does, for other programs too.
class DeviceMeter {
 public:
  /// @param devices  those of kind "cuda" are read; "cuda:1" is the second of those that the program
  ///                 may see (CUDA_VISIBLE_DEVICES: numbers or UUIDs)
  /// @param library  of NVML; another one for tests
  explicit DeviceMeter(const std::vector<Device>& devices,
                       const std::string& library = "libnvidia-ml.so.1");
  /// Joules since the meter was made; nothing where no device could be read.
  std::optional<double> joules() const;

 private:
  using Read = int (*)(void* device, unsigned long long* millijoules);
  struct Counter {
    void* device;
    unsigned long long first;
  };
  Read read_ = nullptr;
  std::vector<Counter> counters_;
};

}  // namespace foldstream::apps
