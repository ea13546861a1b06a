// Stands in for the files that need LibTorch in a build without it: refuses, naming the flag.
#include <foldstream/workflows/predict/torch_info.hpp>
#include <foldstream/workflows/train/train.hpp>

namespace foldstream::workflows::train {

std::filesystem::path train_local(const TrainOptions&, const Context&) {
  predict::check_torch();
  return {};
}

std::filesystem::path train_distance(const TrainOptions&, const DistanceTraining&, const Context&) {
  predict::check_torch();
  return {};
}

}  // namespace foldstream::workflows::train
