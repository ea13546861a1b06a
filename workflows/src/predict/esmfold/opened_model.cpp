#include "opened_model.hpp"
#include "weight_names.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/text_file.hpp>
#include <foldstream/store.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

namespace foldstream::workflows::predict::esmfold {
namespace {

namespace fs = std::filesystem;

constexpr std::array layouts = {"model.safetensors", "model.safetensors.index.json",
                                "pytorch_model.bin", "pytorch_model.bin.index.json"};
constexpr const char* record_name = "model.json";

std::optional<std::string> same_name(std::string_view name) { return std::string(name); }

/// The file of `folder` that is called prefix….pt; empty if there is none.
fs::path meta_file(const fs::path& folder, std::string_view prefix) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(prefix) && name.ends_with(".pt") &&
        name.find("contact-regression") == std::string::npos)
      found.push_back(entry.path());
  }
  if (found.size() > 1)
    throw Error(ErrorKind::InvalidArgument, folder.string() + ": holds several " +
                                                std::string(prefix) + "*.pt. Leave the one to use.");
  return found.empty() ? fs::path() : found.front();
}

fs::path weights_of_layout(const fs::path& folder) {
  for (const char* name : layouts)
    if (fs::exists(folder / name)) return folder / name;
  return {};
}

[[noreturn]] void throw_absent(const fs::path& folder) {
  throw Error(ErrorKind::NotFound,
              folder.string() +
                  ": holds no model. It needs config.json and model.safetensors (or its shards, or "
                  "pytorch_model.bin), as in facebook/esmfold_v1 on huggingface.co, or Meta's "
                  "esmfold_3B_v1.pt and esm2_t36_3B_UR50D.pt. Download them where there is a "
                  "network, copy the folder here and run 'foldstream models import FOLDER'.");
}

/// Of the files that are opened: a part of the identity of results.
std::string file_stamp(const fs::path& folder) {
  std::string stamp;
  for (const char* name : layouts)
    if (std::error_code none; fs::exists(folder / name, none))
      stamp += std::string(name) + " " + std::to_string(fs::file_size(folder / name)) + " " +
               std::to_string(fs::last_write_time(folder / name).time_since_epoch().count()) + "\n";
  return stamp;
}

std::string text_of(const Shape& shape) {
  std::string text;
  for (const std::int64_t dim : shape) text += std::to_string(dim) + ",";
  return text;
}

}  // namespace

void ModelFiles::add(io::TensorArchive archive,
                     std::optional<std::string> (*rename)(std::string_view)) {
  for (const auto& [name, entry] : archive.tensors())
    if (const auto own = rename(name)) {
      places_[*own] = {archives_.size(), name};
      forms_[*own] = {entry.dtype, entry.shape};
    }
  archives_.push_back(std::move(archive));
}

ModelFiles ModelFiles::open(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw_absent(folder);
  ModelFiles files;
  if (const fs::path weights = weights_of_layout(folder); !weights.empty()) {
    const fs::path config = folder / "config.json";
    if (!fs::exists(config))
      throw Error(ErrorKind::NotFound, folder.string() +
                                           ": has weights but no config.json, which tells their "
                                           "sizes. Copy it from where the weights come from.");
    files.config_ = parse_model_config(io::read_text_file(config), config.string());
    files.add(io::TensorArchive::open(weights), same_name);
    return files;
  }
  const fs::path folding = meta_file(folder, "esmfold_"), language = meta_file(folder, "esm2_");
  if (folding.empty() && language.empty()) throw_absent(folder);
  if (language.empty())
    throw Error(ErrorKind::NotFound, folding.string() +
                                         ": holds the trunk alone. Put the language model beside "
                                         "it: esm2_t36_3B_UR50D.pt from Meta's model host.");
  files.add(io::TensorArchive::open(language), name_of_esm2);
  if (!folding.empty()) files.add(io::TensorArchive::open(folding), name_of_esmfold);
  files.config_ = config_of_tensors(files.forms_, folder.string());
  return files;
}

Tensor ModelFiles::tensor(const std::string& name) const {
  const auto found = places_.find(name);
  if (found == places_.end())
    throw Error(ErrorKind::NotFound, "the model has no tensor '" + name + "'.");
  return archives_[found->second.archive].tensor(found->second.name);
}

std::vector<fs::path> ModelFiles::files() const {
  std::vector<fs::path> files;
  for (const io::TensorArchive& archive : archives_)
    files.insert(files.end(), archive.files().begin(), archive.files().end());
  return files;
}

std::string digest_of(const ModelFiles& files, const std::function<void(double)>& progress,
                      const std::function<void(const std::string&, const Tensor&)>& look) {
  std::string text;
  const std::vector<ManifestEntry> entries = manifest_of(files.config());
  std::size_t done = 0;
  for (const ManifestEntry& entry : entries) {
    if (progress) progress(static_cast<double>(done++) / static_cast<double>(entries.size()));
    if (!files.forms().contains(entry.name)) continue;
    const Tensor tensor = files.tensor(entry.name);
    if (look) look(entry.name, tensor);
    const auto raw = tensor.raw();
    const Key key = key_of({reinterpret_cast<const char*>(raw.data()), raw.size()});
    text += entry.name + " " + std::string(to_string(tensor.dtype())) + " " +
            text_of(tensor.shape()) + " " + to_string(key) + "\n";
  }
  return to_string(key_of(text));
}

ImportRecord read_import_record(const fs::path& folder) {
  if (!fs::exists(folder / record_name)) return {};
  try {
    const auto json = nlohmann::json::parse(io::read_text_file(folder / record_name));
    if (json.at("files").get<std::string>() != file_stamp(folder)) return {};
    return {json.at("digest").get<std::string>(), json.at("bytes").get<std::uint64_t>()};
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::Parse, (folder / record_name).string() + ": " + error.what() +
                                      ". Import the model again.");
  }
}

void write_import_record(const fs::path& folder, const ImportRecord& record) {
  const nlohmann::json json = {
      {"digest", record.digest}, {"bytes", record.bytes}, {"files", file_stamp(folder)}};
  io::write_file_atomically(folder / record_name, json.dump(2) + "\n");
}

OpenedModel open_model(const fs::path& folder) {
  const ModelFiles files = ModelFiles::open(folder);
  if (const auto problems = files.problems(); !problems.empty()) {
    std::string message = folder.string() + ": its weights do not fit its config.json:";
    for (const std::string& problem : problems) message += "\n  " + problem;
    throw Error(ErrorKind::InvalidArgument, message);
  }
  auto tensors = std::make_shared<std::map<std::string, Tensor>>();
  for (const ManifestEntry& entry : manifest_of(files.config()))
    if (files.forms().contains(entry.name)) tensors->emplace(entry.name, files.tensor(entry.name));
  const ImportRecord record = read_import_record(folder);
  return {files.config(), std::move(tensors),
          record.digest.empty() ? digest_of(files) : record.digest};
}

}  // namespace foldstream::workflows::predict::esmfold
