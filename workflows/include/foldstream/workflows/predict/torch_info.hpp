// What the LibTorch behind the predictors is and can do, for `foldstream doctor`.
#pragma once

#include <foldstream/resources.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace foldstream::workflows::predict {

struct TorchInfo {
  std::string version;               ///< "1.13.1"; empty if built without LibTorch
  int threads = 0;                   ///< intra-operation threads LibTorch would use by itself
  std::string blas;                  ///< the BLAS in use: its own description, or "reference"
  bool blas_is_fast = false;         ///< false: matrix products run about ten times slower
  std::string parallel;              ///< LibTorch's own report on threading, many lines
  std::vector<std::string> devices;  ///< "cpu", "cuda:0 NVIDIA …"
};

/// Whether this build has LibTorch.
bool torch_is_available() noexcept;

/// @throws Error{Unsupported} naming the configure flag if built without LibTorch.
void check_torch();

/// The facts above. @throws Error{Unsupported} naming the configure flag if built without LibTorch.
TorchInfo torch_info();

/// Accelerators that LibTorch offers, whatever backend they belong to: "cuda:0", "xpu:1",
/// "privateuseone:0". Memory is that of the device where it can be told, else as good as unlimited.
/// None without LibTorch.
std::vector<Device> accelerators();

/// Why a device must not be trusted: a small network of fixed weights, run there and on the CPU, gives
/// something else. Empty: it may be. @param name  "cuda:0"
std::string device_fault(const std::string& name);

/// Loads a library that registers a backend with LibTorch (PrivateUse1).
/// @throws Error{Io} with what the loader says.
void load_device_plugin(const std::filesystem::path& library);

}  // namespace foldstream::workflows::predict
