#include "device_meter.hpp"

#include <dlfcn.h>

#include <charconv>
#include <cstdlib>
#include <sstream>

namespace foldstream::apps {
namespace {

/// The number in "cuda:1"; nothing for other devices.
std::optional<unsigned> number_of(const Device& device) {
  constexpr std::string_view kind = "cuda:";
  if (!device.name.starts_with(kind)) return std::nullopt;
  unsigned number = 0;
  const char* const end = device.name.data() + device.name.size();
  const auto read = std::from_chars(device.name.data() + kind.size(), end, number);
  return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

/// What the driver calls the device with this number here: its number in the machine, or its UUID.
std::string driver_name(unsigned number) {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (visible == nullptr) return std::to_string(number);
  std::istringstream names(visible);
  std::string name;
  for (unsigned i = 0; std::getline(names, name, ','); ++i)
    if (i == number) return name;
  return {};
}

class Nvml {
 public:
  explicit Nvml(const std::string& library)
      : library_(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    const auto start = find<int (*)()>("nvmlInit_v2");
    is_up_ = start != nullptr && start() == 0;
  }
  bool is_up() const { return is_up_; }

  /// Null if the library has none of this name.
  template <class Function>
  Function find(const char* name) const {
    return library_ == nullptr ? nullptr : reinterpret_cast<Function>(dlsym(library_, name));
  }

  /// Null if there is none, or this program may not read it.
  void* device(const std::string& name) const {
    void* found = nullptr;
    unsigned number = 0;
    const char* const end = name.data() + name.size();
    if (const auto read = std::from_chars(name.data(), end, number);
        read.ec == std::errc() && read.ptr == end) {
      const auto by_number = find<int (*)(unsigned, void**)>("nvmlDeviceGetHandleByIndex_v2");
      return by_number != nullptr && by_number(number, &found) == 0 ? found : nullptr;
    }
    const auto by_uuid = find<int (*)(const char*, void**)>("nvmlDeviceGetHandleByUUID");
    return by_uuid != nullptr && by_uuid(name.c_str(), &found) == 0 ? found : nullptr;
  }

 private:
  void* library_;  // for the life of the process
  bool is_up_ = false;
};

}  // namespace

DeviceMeter::DeviceMeter(const std::vector<Device>& devices, const std::string& library) {
  std::vector<std::string> names;
  for (const Device& device : devices)
    if (const auto number = number_of(device)) names.push_back(driver_name(*number));
  if (names.empty()) return;
  const Nvml nvml(library);
  if (!nvml.is_up()) return;
  read_ = nvml.find<Read>("nvmlDeviceGetTotalEnergyConsumption");
  if (read_ == nullptr) return;
  for (const std::string& name : names) {
    void* const device = nvml.device(name);
    unsigned long long now = 0;
    if (device != nullptr && read_(device, &now) == 0) counters_.push_back({device, now});
  }
}

std::optional<double> DeviceMeter::joules() const {
  if (counters_.empty()) return std::nullopt;
  double joules = 0;
  for (const Counter& counter : counters_) {
    unsigned long long now = counter.first;
    if (read_(counter.device, &now) == 0 && now > counter.first)
      joules += 1e-3 * static_cast<double>(now - counter.first);
  }
  return joules;
}

}  // namespace foldstream::apps
