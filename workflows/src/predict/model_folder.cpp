#include "esmfold/opened_model.hpp"
#include "esmfold/weight_names.hpp"
#include "float_formats.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/safetensors.hpp>
#include <foldstream/io/text_file.hpp>
#include <foldstream/workflows/predict/model_folder.hpp>

#include <unistd.h>

#include <algorithm>
#include <set>

namespace foldstream::workflows::predict {
namespace {

namespace fs = std::filesystem;
using esmfold::ModelFiles;

std::string dtypes_of(const ModelFiles& files) {
  std::set<std::string> names;
  for (const auto& entry : esmfold::manifest_of(files.config()))
    if (const auto found = files.forms().find(entry.name);
        found != files.forms().end() && !entry.is_optional)
      names.emplace(to_string(found->second.dtype));
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "+") + name;
  return text;
}

ModelInfo info_of(const fs::path& folder, const ModelFiles& files) {
  ModelInfo info;
  info.name = folder.filename();
  info.folder = folder;
  info.kind = files.config().folding ? "ESMFold" : "ESM-2";
  info.parameters = esmfold::parameter_count(files.config());
  info.dtypes = dtypes_of(files);
  for (const fs::path& file : files.files()) info.bytes += fs::file_size(file);
  info.digest = esmfold::read_import_record(folder).digest;
  info.problems = files.problems();
  return info;
}

ModelInfo broken(const fs::path& folder, const Error& error) {
  ModelInfo info;
  info.name = folder.filename();
  info.folder = folder;
  info.problems = {error.what()};
  return info;
}

/// Tells a fraction of a part of the work as one of the whole.
std::function<void(double)> part_of(const std::function<void(double)>& progress, double from,
                                    double to) {
  if (!progress) return {};
  return [=](double fraction) { progress(from + (to - from) * fraction); };
}

std::optional<DType> dtype_asked_for(const std::string& name) {
  if (name.empty()) return std::nullopt;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16})
    if (to_string(dtype) == name) return dtype;
  const std::vector<std::string> known = {"f32", "bf16", "f16"};
  throw Error(ErrorKind::InvalidArgument, "weights cannot be made '" + name +
                                              "'. Known: f32, bf16, f16." +
                                              did_you_mean(name, known));
}

/// The frequencies of rotary positions stay as they are: they went through f16 once and are f32 since.
DType dtype_of_copy(const std::string& name, DType dtype, std::optional<DType> asked) {
  if (!asked || !is_floating_point(dtype)) return dtype;
  return name.ends_with("inv_freq") ? DType::f32 : *asked;
}

/// Writes the weights under the manifest's names, one after the other.
void copy_weights(const ModelFiles& files, const fs::path& path, std::optional<DType> asked,
                  const std::function<void(double)>& progress) {
  std::map<std::string, io::SafetensorsEntry> entries;
  for (const auto& entry : esmfold::manifest_of(files.config()))
    if (const auto found = files.forms().find(entry.name); found != files.forms().end())
      entries[entry.name] = {dtype_of_copy(entry.name, found->second.dtype, asked),
                             found->second.shape};
  std::size_t done = 0;
  io::write_safetensors(path, entries, [&](const std::string& name) {
    if (progress) progress(static_cast<double>(done++) / static_cast<double>(entries.size()));
    return converted(files.tensor(name), entries.at(name).dtype);
  });
}

void check_name(const std::string& name) {
  if (name.empty() || name != io::safe_file_name(name))
    throw Error(ErrorKind::InvalidArgument, "'" + name + "' is no name for a model folder: use "
                                                         "letters, digits, '.', '_' and '-'.");
}

/// A folder that is only there when it is whole.
class NewFolder {
 public:
  explicit NewFolder(fs::path place)
      : place_(std::move(place)),
        partial_(place_.parent_path() / ("." + place_.filename().string() + ".partial-" +
                                         std::to_string(getpid()))) {
    if (fs::exists(place_))
      throw Error(ErrorKind::InvalidArgument,
                  place_.string() + ": there is a model of that name. Choose another with --name, or "
                                    "remove that folder.");
    fs::create_directories(partial_);
  }
  ~NewFolder() {
    std::error_code ignored;
    fs::remove_all(partial_, ignored);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  const fs::path& partial() const { return partial_; }
  void keep() { fs::rename(partial_, place_); }

 private:
  fs::path place_;
  fs::path partial_;
};

[[noreturn]] void throw_misfit(const fs::path& source, const std::vector<std::string>& problems) {
  std::string message = source.string() + ": cannot be imported, its tensors do not fit:";
  for (const std::string& problem : problems) message += "\n  " + problem;
  throw Error(ErrorKind::InvalidArgument, message);
}

std::vector<std::string> names_of(const std::vector<ModelInfo>& models) {
  std::vector<std::string> names;
  for (const ModelInfo& model : models) names.push_back(model.name);
  return names;
}

}  // namespace

std::vector<ModelInfo> list_models(const fs::path& models) {
  std::vector<ModelInfo> found;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(models, absent))
    if (entry.is_directory() && !entry.path().filename().string().starts_with("."))
      found.push_back(inspect_model(entry.path()));
  std::ranges::sort(found, {}, &ModelInfo::name);
  return found;
}

ModelInfo inspect_model(const fs::path& folder) {
  try {
    return info_of(folder, ModelFiles::open(folder));
  } catch (const Error& error) {
    return broken(folder, error);
  }
}

ModelInfo check_model(const fs::path& folder, const std::function<void(double)>& progress) {
  ModelInfo info = inspect_model(folder);
  if (!info.problems.empty()) return info;
  const ModelFiles files = ModelFiles::open(folder);
  const std::string digest =
      esmfold::digest_of(files, progress, [&](const std::string& name, const Tensor& tensor) {
        if (!all_finite(tensor))
          info.problems.push_back("'" + name +
                                  "' holds infinite values or NaN. Download it again.");
      });
  if (!info.digest.empty() && info.digest != digest)
    info.problems.push_back("its weights have the digest " + digest + ", the import recorded " +
                            info.digest + ": they were changed or damaged. Import it again.");
  return info;
}

ModelInfo import_model(const fs::path& source, const fs::path& models, const ImportOptions& options,
                       const std::function<void(double)>& progress) {
  const std::optional<DType> dtype = dtype_asked_for(options.dtype);
  const std::string name =
      options.name.empty() ? fs::weakly_canonical(source).filename().string() : options.name;
  check_name(name);
  const ModelFiles files = ModelFiles::open(source);
  if (const auto problems = files.problems(); !problems.empty()) throw_misfit(source, problems);
  NewFolder folder(models / name);
  io::write_file_atomically(folder.partial() / "config.json",
                            esmfold::format_model_config(files.config()));
  copy_weights(files, folder.partial() / "model.safetensors", dtype, part_of(progress, 0, 0.7));
  const ModelFiles copy = ModelFiles::open(folder.partial());
  const std::string digest = esmfold::digest_of(copy, part_of(progress, 0.7, 1));
  esmfold::write_import_record(folder.partial(),
                               {digest, fs::file_size(folder.partial() / "model.safetensors")});
  folder.keep();
  return inspect_model(models / name);
}

fs::path find_model(const std::string& model, const fs::path& models) {
  if (fs::is_directory(model)) return model;
  if (fs::is_directory(models / model)) return models / model;
  throw Error(ErrorKind::NotFound,
              "there is no model '" + model + "' in " + (models.empty() ? "." : models.string()) +
                  "." + did_you_mean(model, names_of(list_models(models))) +
                  " Foldstream opens no connections: download config.json and model.safetensors (or "
                  "pytorch_model.bin) of facebook/esmfold_v1 from huggingface.co on any machine, "
                  "then run 'foldstream models import FOLDER --name " + model +
                  "'. See 'foldstream models --help'.");
}

}  // namespace foldstream::workflows::predict
