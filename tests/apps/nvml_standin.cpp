// Stands in for NVML where there is no device: what site_test expects.
#include <cstring>

namespace {
struct Handle {
  unsigned long long millijoules, step;
};
Handle second{1000, 5000}, by_uuid{0, 1000};
}  // namespace

extern "C" {
int nvmlInit_v2() { return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = &second;
  return index == 2 ? 0 : 4;  // no permission
}
int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  *device = &by_uuid;
  return std::strcmp(uuid, "GPU-b") == 0 ? 0 : 6;  // not found
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules) {
  auto& handle = *static_cast<Handle*>(device);
  *millijoules = handle.millijoules;
  handle.millijoules += handle.step;
  return 0;
}
}
