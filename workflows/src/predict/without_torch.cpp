// Stands in for the files that need LibTorch in a build without it: refuses, naming the flag.
#include "couplings.hpp"
#include "esmfold/folding_model.hpp"
#include "networks.hpp"

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

std::vector<Device> accelerators() { return {}; }

std::string device_fault(const std::string&) { return "this build has no LibTorch"; }

void load_device_plugin(const std::filesystem::path&) { check_torch(); }

void invert_positive(std::vector<float>&, int) { check_torch(); }

LocalModel::LocalModel(const io::Safetensors&) { check_torch(); }

LocalPrediction LocalModel::operator()(const io::Msa&, const Context&) const { return {}; }

DistanceModel::DistanceModel(const io::Safetensors&) { check_torch(); }

DistanceMap DistanceModel::operator()(const PairMap&, std::string_view,
                                      const LocalPrediction&) const {
  return {};
}

std::unique_ptr<esmfold::LanguagePart> esmfold::load_language_part(const OpenedModel&,
                                                                   const Placement&) {
  check_torch();
  return nullptr;
}

std::unique_ptr<esmfold::FoldingPart> esmfold::load_folding_part(const OpenedModel&,
                                                                 const Placement&) {
  check_torch();
  return nullptr;
}

}  // namespace foldstream::workflows::predict
