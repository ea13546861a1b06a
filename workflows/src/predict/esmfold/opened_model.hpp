// The weights of a model folder, mapped and under the manifest's names.
#pragma once

#include "manifest.hpp"

#include <foldstream/io/tensor_archive.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace foldstream::workflows::predict::esmfold {

/// The files of a model, found and opened: nothing but headers has been read.
class ModelFiles {
 public:
  /// A folder of Hugging Face's layout or with Meta's files.
  /// @throws Error{NotFound} naming what is missing and where it is had; what reading the files
  ///         throws.
  static ModelFiles open(const std::filesystem::path& folder);

  const ModelConfig& config() const noexcept { return config_; }
  /// Of all tensors that the model can use, and of others that the files hold.
  const std::map<std::string, TensorForm>& forms() const noexcept { return forms_; }
  /// Everything that does not fit the manifest.
  std::vector<std::string> problems() const { return mismatches(config_, forms_); }
  /// Mapped, not copied. @throws Error{NotFound}.
  Tensor tensor(const std::string& name) const;
  std::vector<std::filesystem::path> files() const;

 private:
  struct Place {
    std::size_t archive = 0;
    std::string name;  ///< there
  };
  void add(io::TensorArchive archive, std::optional<std::string> (*rename)(std::string_view));

  ModelConfig config_;
  std::vector<io::TensorArchive> archives_;
  std::map<std::string, Place> places_;
  std::map<std::string, TensorForm> forms_;
};

/// A model that can be used.
struct OpenedModel {
  ModelConfig config;
  std::shared_ptr<const std::map<std::string, Tensor>> tensors;  ///< those of the manifest
  std::string digest;  ///< of names, dtypes, shapes and bytes
};

/// @throws Error{InvalidArgument} listing every tensor that does not fit; what ModelFiles::open
///         throws. Where the import recorded a digest and the files have not changed since, it is
///         believed; else all bytes are read.
OpenedModel open_model(const std::filesystem::path& folder);

/// What the import wrote beside the weights. Empty digest: nothing, or not of these files.
struct ImportRecord {
  std::string digest;
  std::uint64_t bytes = 0;
};
ImportRecord read_import_record(const std::filesystem::path& folder);
void write_import_record(const std::filesystem::path& folder, const ImportRecord& record);

/// XXH3-128 of the tensors of the manifest, in name order: the same whatever the files are.
/// @param progress  called with a fraction; may be empty.
/// @param look  called with each tensor, since all bytes are read anyway; may be empty.
std::string digest_of(const ModelFiles& files, const std::function<void(double)>& progress = {},
                      const std::function<void(const std::string&, const Tensor&)>& look = {});

}  // namespace foldstream::workflows::predict::esmfold
