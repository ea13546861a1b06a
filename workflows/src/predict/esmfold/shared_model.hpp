// SharedModel: the weights of a model folder, once in a process however many tasks use them.
#pragma once

#include "folding_model.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace foldstream::workflows::predict::esmfold {

/// Parts are loaded when they are first asked for, one at a time. Thread-safe.
class SharedModel {
 public:
  /// The one of this process, which lives as long as somebody has it.
  /// @throws what open_model throws.
  static std::shared_ptr<SharedModel> of(const std::filesystem::path& folder);

  explicit SharedModel(OpenedModel opened) : opened_(std::move(opened)) {}

  const ModelConfig& config() const noexcept { return opened_.config; }
  const std::string& digest() const noexcept { return opened_.digest; }
  /// Bytes of the tensors that each part brings to a device.
  std::uint64_t language_bytes(bool is_bf16) const;
  std::uint64_t folding_bytes(bool is_bf16) const;

  /// On first use its weights are brought to the device. @throws what loading them throws.
  std::shared_ptr<const LanguagePart> language(const Placement& place);
  std::shared_ptr<const FoldingPart> folding(const Placement& place);

 private:
  OpenedModel opened_;
  std::mutex mutex_;  ///< guards what follows
  std::map<std::string, std::shared_ptr<const LanguagePart>> languages_;
  std::map<std::string, std::shared_ptr<const FoldingPart>> foldings_;
};

}  // namespace foldstream::workflows::predict::esmfold
