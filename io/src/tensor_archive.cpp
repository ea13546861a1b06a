#include "archive_formats.hpp"
#include "mapped_file.hpp"
#include "safetensors_header.hpp"

#include <foldstream/error.hpp>
#include <foldstream/io/tensor_archive.hpp>
#include <foldstream/io/text_file.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <set>

namespace foldstream::io {
namespace {

namespace fs = std::filesystem;

bool begins_with(std::span<const std::byte> bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

/// A checkpoint has a pickle, an npz has arrays.
ArchivedTensors list_zip(std::span<const std::byte> bytes, const std::string& file) {
  ZipEntries entries = read_zip_directory(bytes, file);
  const auto is_array = [](const auto& entry) { return entry.first.ends_with(".npy"); };
  if (std::ranges::any_of(entries, is_array)) return list_npz(bytes, entries, file);
  return list_torch_checkpoint(bytes, std::move(entries), file);
}

ArchivedTensors list(std::span<const std::byte> bytes, const std::string& file) {
  if (begins_with(bytes, "PK\x03\x04")) return list_zip(bytes, file);
  if (begins_with(bytes, std::string_view("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8", 12)))
    throw Error(ErrorKind::Unsupported,
                file + ": is a checkpoint as PyTorch wrote before 1.6. Load it and save it again with "
                       "a newer one, or as safetensors.");
  if (begins_with(bytes, "\x80\x02") || begins_with(bytes, "\x80\x04"))
    throw Error(ErrorKind::Unsupported, file + ": is a bare pickle, which holds no weights to map. "
                                               "Save them as safetensors or with torch.save.");
  return list_safetensors(bytes, file);
}

/// Elements one by one into row-major order.
void gather(const std::byte* from, const Shape& shape, const Shape& strides, std::size_t size,
            std::size_t axis, std::byte*& to) {
  if (axis == shape.size()) {
    std::memcpy(to, from, size);
    to += size;
    return;
  }
  for (std::int64_t i = 0; i < shape[axis]; ++i)
    gather(from + static_cast<std::size_t>(i * strides[axis]) * size, shape, strides, size, axis + 1,
           to);
}

/// Which file holds each tensor, by the index of a sharded model.
std::map<std::string, std::string> weight_map(const fs::path& path) {
  try {
    const auto json = nlohmann::json::parse(read_text_file(path));
    return json.at("weight_map").get<std::map<std::string, std::string>>();
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::Parse, path.string() + ": is no index of shards (" + error.what() +
                                      "). Copy it again.");
  }
}

void check_shards(const std::set<std::string>& shards, const fs::path& path) {
  std::string missing;
  for (const std::string& shard : shards) {
    if (shard.empty() || shard.find('/') != std::string::npos || shard == "..")
      throw Error(ErrorKind::Parse, path.string() + ": names '" + shard +
                                        "' as a shard, which is no file beside it.");
    if (!fs::exists(path.parent_path() / shard)) missing += (missing.empty() ? "" : ", ") + shard;
  }
  if (!missing.empty())
    throw Error(ErrorKind::NotFound, path.string() + ": these shards are missing beside it: " +
                                         missing + ". Copy them from where it comes from.");
}

}  // namespace

ArchivedTensors list_safetensors(std::span<const std::byte> bytes, const std::string& file) {
  const SafetensorsHeader header = parse_safetensors_header(bytes, file);
  ArchivedTensors tensors;
  for (const SafetensorsPlace& place : header.places)
    tensors[place.name] = {place.dtype, place.shape, 0, header.data + place.begin,
                           place.end - place.begin, {}, false, 0};
  return tensors;
}

struct TensorArchive::Impl {
  std::vector<fs::path> paths;
  std::vector<MappedFile> files;
  ArchivedTensors tensors;

  /// @returns the names that it holds
  ArchivedTensors add(const fs::path& path) {
    files.emplace_back(path);
    paths.push_back(path);
    ArchivedTensors found = list(files.back().bytes(), path.string());
    for (auto& [name, tensor] : found) tensor.file = files.size() - 1;
    return found;
  }

  void add_shards(const fs::path& path) {
    const auto places = weight_map(path);
    std::set<std::string> shards;
    for (const auto& [name, shard] : places) shards.insert(shard);
    check_shards(shards, path);
    for (const std::string& shard : shards)
      for (auto& [name, tensor] : add(path.parent_path() / shard)) {
        const auto place = places.find(name);
        if (place != places.end() && place->second == shard) tensors[name] = std::move(tensor);
      }
    for (const auto& [name, shard] : places)
      if (!tensors.contains(name))
        throw Error(ErrorKind::Parse, path.string() + ": says that '" + shard + "' holds '" + name +
                                          "', but it does not. Copy both again.");
  }

  Tensor unpacked(const ArchivedTensor& entry, const std::string& name) const {
    const auto data = files[entry.file].bytes().subspan(entry.offset, entry.bytes);
    const std::string file = paths[entry.file].string();
    const std::uint64_t size = bytes_of_shape(entry.shape, entry.dtype, name);
    const std::string all = inflate_entry(data, entry.header + size, file, name);
    Tensor tensor(entry.dtype, entry.shape);
    std::memcpy(tensor.mutable_raw().data(), all.data() + entry.header, static_cast<std::size_t>(size));
    return tensor;
  }
};

TensorArchive::TensorArchive(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

TensorArchive TensorArchive::open(const fs::path& path) {
  auto impl = std::make_shared<Impl>();
  if (path.string().ends_with(".index.json"))
    impl->add_shards(path);
  else
    impl->tensors = impl->add(path);
  return TensorArchive(std::move(impl));
}

const ArchivedTensors& TensorArchive::tensors() const noexcept { return impl_->tensors; }

const std::vector<fs::path>& TensorArchive::files() const noexcept { return impl_->paths; }

Tensor TensorArchive::tensor(const std::string& name) const {
  const auto found = impl_->tensors.find(name);
  if (found == impl_->tensors.end()) {
    std::vector<std::string> names;
    for (const auto& [known, entry] : impl_->tensors) names.push_back(known);
    throw Error(ErrorKind::NotFound, impl_->paths.front().string() + ": holds no tensor '" + name +
                                         "'." + did_you_mean(name, names));
  }
  const ArchivedTensor& entry = found->second;
  const MappedFile& file = impl_->files[entry.file];
  const std::size_t size = size_of(entry.dtype);
  if (!entry.is_compressed && entry.strides.empty() && entry.bytes > 0 && entry.offset % size == 0)
    return {entry.dtype, entry.shape, file.from(static_cast<std::size_t>(entry.offset))};
  const Tensor packed = entry.is_compressed ? impl_->unpacked(entry, name) : Tensor();
  Tensor tensor(entry.dtype, entry.shape);
  if (tensor.bytes() == 0) return tensor;
  const std::byte* from =
      entry.is_compressed ? packed.raw().data() : file.bytes().data() + entry.offset;
  std::byte* to = tensor.mutable_raw().data();
  if (entry.strides.empty())
    std::memcpy(to, from, tensor.bytes());
  else
    gather(from, entry.shape, entry.strides, size, 0, to);
  return tensor;
}

std::map<std::string, Tensor> TensorArchive::all() const {
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, entry] : impl_->tensors) tensors.emplace(name, tensor(name));
  return tensors;
}

}  // namespace foldstream::io
