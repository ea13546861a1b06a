// TensorArchive: the named tensors of a file of weights, mapped into memory and not copied.
#pragma once

#include <foldstream/tensor.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace foldstream::io {

/// Where a tensor of an archive is.
struct ArchivedTensor {
  DType dtype = DType::f32;     ///< booleans are u8
  Shape shape;
  std::size_t file = 0;         ///< which of TensorArchive::files
  std::uint64_t offset = 0;     ///< of its first byte there
  std::uint64_t bytes = 0;      ///< there: fewer than its size says where it is compressed
  Shape strides = {};           ///< in elements; empty: row-major and contiguous
  bool is_compressed = false;   ///< by deflate
  std::uint64_t header = 0;     ///< bytes to leave out at the beginning of what is unpacked
};

/// The tensors of one file, or of the shards of one model. Opening reads headers alone; the tensors
/// share the mapping, so that all processes of a node have one copy of the weights in memory.
/// Copies are cheap. Thread-safe. A file that is cut short while it is mapped ends the process
/// (SIGBUS): replace weights by renaming, do not write into them.
class TensorArchive {
 public:
  /// By content, whatever the name:
  /// - safetensors,
  /// - a checkpoint of torch.save (zip, since PyTorch 1.6): its pickle is read by a reader that makes
  ///   numbers, texts, containers and tensors and nothing else. A class or function that is none of
  ///   those is refused by name; nothing of the file is ever executed. Nested dictionaries give
  ///   dotted names.
  /// - npz: each array under the name of its entry without ".npy",
  /// - *.index.json: the shards that it names, beside it.
  /// @throws Error{NotFound} naming all shards that are missing; Error{Parse} for a file that is cut
  ///         short or contradicts itself; Error{Unsupported} for what is not read, with the reason;
  ///         Error{Io}.
  static TensorArchive open(const std::filesystem::path& path);

  const std::map<std::string, ArchivedTensor>& tensors() const noexcept;
  /// Copied only where it is not contiguous, not aligned or compressed.
  /// @throws Error{NotFound} with the near miss; Error{Parse} if what is compressed is damaged.
  Tensor tensor(const std::string& name) const;
  /// All of them.
  std::map<std::string, Tensor> all() const;
  const std::vector<std::filesystem::path>& files() const noexcept;

 private:
  struct Impl;
  explicit TensorArchive(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

}  // namespace foldstream::io
