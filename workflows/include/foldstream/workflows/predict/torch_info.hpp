// What the LibTorch behind the predictors is and can do, for `foldstream doctor`.
#pragma once

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

}  // namespace foldstream::workflows::predict
