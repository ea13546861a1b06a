// Model folders: downloaded weights as Foldstream finds, checks and keeps them. Nothing here ever
// opens a connection: files come from the user.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace foldstream::workflows::predict {

/// A folder with a model: config.json beside its weights (model.safetensors, its shards with
/// model.safetensors.index.json, or pytorch_model.bin and its shards), as Hugging Face ships it.
struct ModelInfo {
  std::string name;              ///< of the folder
  std::filesystem::path folder;
  std::string kind;              ///< "ESMFold", "ESM-2"; empty if it cannot be told
  std::int64_t parameters = 0;
  std::string dtypes;            ///< of the weights, "f16+f32"
  std::uint64_t bytes = 0;       ///< of the files of weights
  std::string digest;            ///< that the import recorded; empty: never imported
  std::vector<std::string> problems;  ///< each a sentence; empty: it can be used
};

/// The folders below `models`, by name. An absent folder has none.
std::vector<ModelInfo> list_models(const std::filesystem::path& models);

/// Looks at the files' headers alone. What is wrong goes into `problems`.
ModelInfo inspect_model(const std::filesystem::path& folder);

/// As `inspect_model`, and reads every byte: the digest must be the recorded one, and no weight may
/// be infinite or NaN.
/// @param progress  called with a fraction 0–1; may be empty. It may throw to stop.
ModelInfo check_model(const std::filesystem::path& folder,
                      const std::function<void(double)>& progress = {});

struct ImportOptions {
  std::string name = {};   ///< of the folder that is made; empty: that of the source
  std::string dtype = {};  ///< "f32", "bf16" or "f16" to convert all weights; empty: as they are
};

/// Makes `models`/name of a download: copies the weights into one model.safetensors, names as in
/// Hugging Face's layout, and records the digest in model.json. All or nothing.
/// @param source  a folder as above, or one with Meta's files: esmfold_*.pt and the esm2_*.pt it needs,
///                or an esm2_*.pt alone.
/// @throws Error{NotFound} naming the files that are missing and where they come from;
///         Error{InvalidArgument} listing every tensor that does not fit, or if the name is taken;
///         what TensorArchive::open throws.
ModelInfo import_model(const std::filesystem::path& source, const std::filesystem::path& models,
                       const ImportOptions& options = {},
                       const std::function<void(double)>& progress = {});

/// The folder of `model`: a path if it is one, else a name below `models`.
/// @throws Error{NotFound} that says which files are missing, where they are usually had, and how to
///         import them without a network.
std::filesystem::path find_model(const std::string& model, const std::filesystem::path& models);

}  // namespace foldstream::workflows::predict
