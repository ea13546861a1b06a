// What devices LibTorch offers. The one file that knows a vendor's library by name: for its memory.
#include <foldstream/error.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>

#include <ATen/ATen.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <dlfcn.h>

#include <array>
#include <limits>

namespace foldstream::workflows::predict {
namespace {

constexpr std::array backends = {at::kCUDA, at::kXPU, at::kMPS, at::kPrivateUse1};
constexpr std::uint64_t unknown_bytes = std::numeric_limits<std::uint64_t>::max() / 4;

/// Free memory of a CUDA or ROCm device, which their runtime tells once LibTorch has loaded it.
std::uint64_t free_bytes(at::Device device) {
  using Ask = int (*)(std::size_t*, std::size_t*);
  for (const char* name : {"cudaMemGetInfo", "hipMemGetInfo"}) {
    void* symbol = dlsym(RTLD_DEFAULT, name);
    if (symbol == nullptr || device.type() != at::kCUDA) continue;
    const c10::impl::VirtualGuardImpl guard(device.type());
    const at::Device before = guard.exchangeDevice(device);
    std::size_t free = 0, total = 0;
    const int failed = reinterpret_cast<Ask>(symbol)(&free, &total);
    guard.setDevice(before);
    if (failed == 0) return free;
  }
  return unknown_bytes;
}

/// 0 where a backend is compiled in but finds no driver.
int device_count(at::DeviceType type) {
  try {
    return c10::impl::VirtualGuardImpl(type).deviceCount();
  } catch (const c10::Error&) {
    return 0;
  }
}

/// Fixed numbers that look random.
at::Tensor numbers(std::int64_t rows, std::int64_t columns) {
  return at::arange(rows * columns, at::kFloat).mul_(12.9898).sin_().view({rows, columns});
}

at::Tensor small_network(at::Device device) {
  const at::Tensor x = numbers(48, 64).to(device), first = numbers(96, 64).to(device),
                   second = numbers(64, 96).to(device);
  const at::Tensor hidden = at::relu(at::mm(at::layer_norm(x, {64}), first.t()));
  return at::softmax(at::mm(hidden, second.t()).mul_(0.05), -1).to(at::kCPU);
}

}  // namespace

std::vector<Device> accelerators() {
  std::vector<Device> devices;
  for (const at::DeviceType type : backends) {
    if (!c10::impl::hasDeviceGuardImpl(type)) continue;
    const int count = device_count(type);
    for (int i = 0; i < count; ++i) {
      const at::Device device(type, static_cast<at::DeviceIndex>(i));
      const std::string name = device.str();
      devices.push_back({name.substr(0, name.find(':')), name, free_bytes(device)});
    }
  }
  return devices;
}

std::string device_fault(const std::string& name) {
  try {
    const c10::InferenceMode inference;
    const double off = (small_network(at::Device(name)) - small_network(at::kCPU))
                           .abs().max().item<double>();
    if (off < 1e-4) return {};
    return "a small network gives values that are off by " + std::to_string(off) +
           " (NaN: not a number at all)";
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
}

void load_device_plugin(const std::filesystem::path& library) {
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr)
    throw Error(ErrorKind::Io, "--device-plugin " + library.string() + ": " + dlerror());
}

}  // namespace foldstream::workflows::predict
