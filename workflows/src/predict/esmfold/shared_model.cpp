#include "shared_model.hpp"

namespace foldstream::workflows::predict::esmfold {
namespace {

std::string name_of(const Placement& place) { return place.device + (place.is_bf16 ? " bf16" : ""); }

/// The part of that place, made by `load` if there is none.
template <class Part, class Load>
std::shared_ptr<const Part> find_or_load(std::map<std::string, std::shared_ptr<const Part>>& parts,
                                         const Placement& place, const Load& load) {
  auto& part = parts[name_of(place)];
  if (!part) part = load();
  return part;
}

std::uint64_t bytes_of(const OpenedModel& model, bool is_language, bool is_bf16) {
  std::uint64_t bytes = 0;
  for (const auto& [name, tensor] : *model.tensors)
    if (name.starts_with("esm.") == is_language)
      bytes += static_cast<std::uint64_t>(tensor.size()) * (is_bf16 ? 2 : 4);
  return bytes;
}

}  // namespace

std::shared_ptr<SharedModel> SharedModel::of(const std::filesystem::path& folder) {
  static std::mutex mutex;
  static std::map<std::filesystem::path, std::weak_ptr<SharedModel>> known;
  const std::scoped_lock lock(mutex);
  auto& place = known[std::filesystem::weakly_canonical(folder)];
  if (auto model = place.lock()) return model;
  auto model = std::make_shared<SharedModel>(open_model(folder));
  place = model;
  return model;
}

std::uint64_t SharedModel::language_bytes(bool is_bf16) const {
  return bytes_of(opened_, true, is_bf16);
}

std::uint64_t SharedModel::folding_bytes(bool is_bf16) const {
  return bytes_of(opened_, false, is_bf16);
}

std::shared_ptr<const LanguagePart> SharedModel::language(const Placement& place) {
  const std::scoped_lock lock(mutex_);
  return find_or_load(languages_, place, [&] { return load_language_part(opened_, place); });
}

std::shared_ptr<const FoldingPart> SharedModel::folding(const Placement& place) {
  const std::scoped_lock lock(mutex_);
  return find_or_load(foldings_, place, [&] { return load_folding_part(opened_, place); });
}

}  // namespace foldstream::workflows::predict::esmfold
