#include "couplings.hpp"
#include "torch_guard.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>

#include <dlfcn.h>
#include <torch/torch.h>

namespace foldstream::workflows::predict {
namespace {

/// OpenBLAS describes itself; whichever library gave LibTorch its products is already loaded.
std::string openblas_description() {
  using Describe = char* (*)();
  void* symbol = dlsym(RTLD_DEFAULT, "openblas_get_config");
  if (symbol == nullptr) return {};
  return reinterpret_cast<Describe>(symbol)();
}

std::vector<std::string> device_names() {
  std::vector<std::string> names = {"cpu"};
  for (const Device& device : accelerators()) names.push_back(device.name);
  return names;
}

}  // namespace

void invert_positive(std::vector<float>& matrix, int size) {
  const OneTorchThread guard;
  const torch::NoGradGuard no_gradient;
  torch::Tensor view = torch::from_blob(matrix.data(), {size, size}, torch::kFloat32);
  try {
    const torch::Tensor factor = at::linalg_cholesky(view);
    view.copy_(at::cholesky_inverse(factor));
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::Internal,
                std::string("cannot invert the correlations of the alignment: ") +
                    error.what_without_backtrace());
  }
}

bool torch_is_available() noexcept { return true; }

void check_torch() {}

TorchInfo torch_info() {
  TorchInfo info;
  info.version = TORCH_VERSION;
  info.threads = at::get_num_threads();
  info.blas = openblas_description();
  info.blas_is_fast = !info.blas.empty() || at::hasMKL();
  if (info.blas.empty()) info.blas = at::hasMKL() ? "MKL" : "reference";
  info.parallel = at::get_parallel_info();
  info.devices = device_names();
  return info;
}

}  // namespace foldstream::workflows::predict
