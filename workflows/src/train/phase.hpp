// A training that may be stopped at any time and gone on with: schedule, checkpoints, epochs.
#pragma once

#include <foldstream/io/safetensors.hpp>
#include <foldstream/workflows/train/train.hpp>

#include <chrono>
#include <functional>
#include <optional>

namespace foldstream::workflows::train {

struct Schedule {
  int epochs = 1;
  int steps = 1;  ///< of an epoch
};

/// `length` times as many epochs; below one epoch, one with fewer steps.
Schedule scaled(const Schedule& schedule, double length);

/// One phase of a training: so many steps in so many epochs. Its checkpoint is
/// OUT/<name>.checkpoint; what it was made from must be the same to go on with it.
class Phase {
 public:
  struct Plan {
    std::string name;   ///< of the checkpoint, "potts-local-0"
    std::string label;  ///< for people, "half 0"
    Schedule schedule;
    std::string made_from;  ///< digest of data, seed and settings
  };
  Phase(Plan plan, const TrainOptions& options, const Context& context);

  int steps() const { return plan_.schedule.epochs * plan_.schedule.steps; }
  /// The checkpoint of an earlier call; nothing if there is none that fits.
  std::optional<io::Safetensors> earlier() const;
  /// Runs the steps from `first` on. `step` takes one and returns its loss; `checkpoint` gives what
  /// to keep; `judge` says the held-out figures. Stops after a checkpoint when asked to.
  void run(int first, const std::function<double(int)>& step,
           const std::function<io::Safetensors()>& checkpoint,
           const std::function<std::string()>& judge);

 private:
  std::filesystem::path file() const;
  void keep(io::Safetensors checkpoint) const;

  Plan plan_;
  const TrainOptions& options_;
  const Context& context_;
};

/// The digest of a file's bytes, 32 hexadecimal digits.
std::string digest_of(const std::filesystem::path& file);

/// A weight file; that of this number among the built-in ones if `path` is empty.
struct WeightFile {
  io::Safetensors content;
  std::string digest;
};
WeightFile read_weight_file(const std::filesystem::path& path, std::size_t built_in);

}  // namespace foldstream::workflows::train
