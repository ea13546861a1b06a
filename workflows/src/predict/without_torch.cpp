// Stands in for the files that need LibTorch in a build without it: refuses, naming the flag.
#include "couplings.hpp"
#include "folding.hpp"

#include <foldstream/error.hpp>
#include <foldstream/workflows/predict/torch_info.hpp>

namespace foldstream::workflows::predict {

bool torch_is_available() noexcept { return false; }

void check_torch() {
  throw Error(ErrorKind::Unsupported,
              "this build has no LibTorch, which the predictors need. Install libtorch-dev and "
              "configure with -DFOLDSTREAM_WITH_TORCH=ON.");
}

TorchInfo torch_info() {
  check_torch();
  return {};
}

void invert_positive(std::vector<float>&, int) { check_torch(); }

std::vector<Trajectory> fold(const FoldingInput&, const FoldingOptions&, const Context&) {
  check_torch();
  return {};
}

}  // namespace foldstream::workflows::predict
