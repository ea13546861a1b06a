#include "archive_formats.hpp"
#include "restricted_pickle.hpp"

#include <foldstream/error.hpp>

#include <algorithm>
#include <limits>

namespace foldstream::io {
namespace {

using Is = Pickled::Is;
constexpr int deepest = 32;  // dictionaries in dictionaries

[[noreturn]] void damaged(const std::string& file, const std::string& what) {
  throw Error(ErrorKind::Parse, file + ": " + what + " The file is damaged; copy or make it again.");
}

/// The last element that a view touches, counted from the start of its storage.
std::uint64_t last_element(const Pickled& tensor, const std::string& name, const std::string& file) {
  std::uint64_t last = static_cast<std::uint64_t>(tensor.offset);
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    const auto steps = static_cast<std::uint64_t>(tensor.shape[i] - 1);
    const auto stride = static_cast<std::uint64_t>(tensor.strides[i]);
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    if (stride != 0 && steps > (most - last) / stride)
      damaged(file, "tensor '" + name + "' reaches past any file.");
    last += steps * stride;
  }
  return last;
}

bool is_contiguous(const Pickled& tensor) {
  std::int64_t expected = 1;
  for (std::size_t i = tensor.shape.size(); i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

/// The checkpoint of one file.
class Checkpoint {
 public:
  Checkpoint(std::span<const std::byte> bytes, ZipEntries entries, const std::string& file)
      : bytes_(bytes), file_(file), entries_(std::move(entries)) {
    for (const auto& [name, entry] : entries_)
      if (name.ends_with("/data.pkl")) root_ = name.substr(0, name.size() - 8);
    if (root_.empty()) damaged(file, "it is a zip file without the data.pkl of a checkpoint.");
    check_order();
  }

  ArchivedTensors list() {
    const PickleTree tree = read_restricted_pickle(stored(root_ + "data.pkl"), file_);
    add(*tree.root, "", 0);
    if (tensors_.empty()) damaged(file_, "it holds no tensor by name.");
    return std::move(tensors_);
  }

 private:
  std::span<const std::byte> stored(const std::string& name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end()) damaged(file_, "it has no entry '" + name + "'.");
    if (found->second.is_deflated)
      throw Error(ErrorKind::Unsupported, file_ + ": '" + name +
                                              "' is compressed, which torch.save never does. "
                                              "Pack it again without compression.");
    return bytes_.subspan(found->second.offset, found->second.bytes);
  }
  void check_order() const {
    if (!entries_.contains(root_ + "byteorder")) return;
    const auto raw = stored(root_ + "byteorder");
    if (std::string(reinterpret_cast<const char*>(raw.data()), raw.size()) != "little")
      throw Error(ErrorKind::Unsupported,
                  file_ + ": was written on a big-endian machine. Save it on a little-endian one.");
  }

  void add(const Pickled& value, const std::string& name, int depth) {
    if (value.is == Is::tensor) return add_tensor(value, name);
    if (value.is != Is::dict || depth == deepest) return;
    for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
      if (value.items[i]->is != Is::text) continue;
      const std::string& key = value.items[i]->text;
      add(*value.items[i + 1], name.empty() ? key : name + "." + key, depth + 1);
    }
  }
  void add_tensor(const Pickled& value, const std::string& name) {
    ArchivedTensor tensor{value.dtype, value.shape, 0, 0, 0, {}, false, 0};
    tensor.bytes = bytes_of_shape(value.shape, value.dtype, file_ + ": tensor '" + name + "'");
    const std::string entry = root_ + "data/" + value.text;
    const auto storage = stored(entry);
    const std::uint64_t size = size_of(value.dtype);
    if (static_cast<std::uint64_t>(value.count) > storage.size() / size)
      damaged(file_, "'" + entry + "' holds " + std::to_string(storage.size()) + " bytes, not " +
                         std::to_string(value.count) + " elements of " +
                         std::string(to_string(value.dtype)) + ".");
    if (tensor.bytes > 0 &&
        last_element(value, name, file_) >= static_cast<std::uint64_t>(value.count))
      damaged(file_, "tensor '" + name + "' reaches past the end of its storage '" + entry + "'.");
    if (tensor.bytes / size > static_cast<std::uint64_t>(value.count))
      damaged(file_, "tensor '" + name + "' has more elements than its storage '" + entry +
                         "': it was expanded, not saved.");
    tensor.offset = static_cast<std::uint64_t>(storage.data() - bytes_.data()) +
                    (tensor.bytes > 0 ? static_cast<std::uint64_t>(value.offset) * size : 0);
    if (tensor.bytes > 0 && !is_contiguous(value)) tensor.strides = value.strides;
    if (!tensors_.emplace(name, std::move(tensor)).second)
      damaged(file_, "it names the tensor '" + name + "' twice.");
    if (tensors_.size() > 1'000'000) damaged(file_, "it holds more than a million tensors.");
  }

  std::span<const std::byte> bytes_;
  const std::string& file_;
  ZipEntries entries_;
  std::string root_;
  ArchivedTensors tensors_;
};

}  // namespace

ArchivedTensors list_torch_checkpoint(std::span<const std::byte> bytes, ZipEntries entries,
                                      const std::string& file) {
  return Checkpoint(bytes, std::move(entries), file).list();
}

}  // namespace foldstream::io
