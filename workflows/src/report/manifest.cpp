#include <foldstream/error.hpp>
#include <foldstream/workflows/report/manifest.hpp>

#include <fstream>
#include <iterator>

namespace foldstream::workflows::report {
namespace {

bool is_as_written(const std::filesystem::path& path, const FileEntry& entry) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  if (failed || size != entry.bytes) return false;
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  return file && key_of(content) == entry.digest;
}

}  // namespace

std::vector<std::string> damaged_files(const std::filesystem::path& folder,
                                       const Manifest& manifest) {
  std::vector<std::string> damaged;
  for (const auto& entry : manifest.files)
    if (!is_as_written(folder / entry.path, entry)) damaged.push_back(entry.path);
  return damaged;
}

}  // namespace foldstream::workflows::report

namespace foldstream {
namespace {

using workflows::report::FileEntry;
using workflows::report::Manifest;

/// The words of a field that must hold `count` of them.
std::span<const std::int64_t> words(const Record& record, const std::string& name,
                                    std::size_t count) {
  const auto values = field(record, name).tensor.values<std::int64_t>();
  if (values.size() == count) return values;
  throw Error(ErrorKind::InvalidArgument,
              "field '" + name + "' of a manifest has " + std::to_string(values.size()) +
                  " elements, not " + std::to_string(count) + ". It was not written whole.");
}

}  // namespace

Record Codec<Manifest>::encode(const Manifest& manifest) {
  std::string paths;
  std::vector<std::int64_t> bytes, digests;
  for (const auto& file : manifest.files) {
    paths.append(file.path).push_back('\0');
    bytes.push_back(static_cast<std::int64_t>(file.bytes));
    digests.push_back(static_cast<std::int64_t>(file.digest.high));
    digests.push_back(static_cast<std::int64_t>(file.digest.low));
  }
  const auto count = static_cast<std::int64_t>(manifest.files.size());
  return {{"target", text_field(manifest.target)},
          {"paths", text_field(paths)},
          {"bytes", {Tensor::of(bytes), "byte", {"file"}}},
          {"digests", {Tensor::of<std::int64_t>(digests, {count, 2}), "1", {"file", "half"}}}};
}

Manifest Codec<Manifest>::decode(const Record& record) {
  Manifest manifest{field_text(record, "target"), {}};
  const std::string paths = field_text(record, "paths");
  for (std::size_t at = 0, end; (end = paths.find('\0', at)) != std::string::npos; at = end + 1)
    manifest.files.push_back({paths.substr(at, end - at), 0, {}});
  const auto bytes = words(record, "bytes", manifest.files.size());
  const auto digests = words(record, "digests", 2 * manifest.files.size());
  for (std::size_t k = 0; k < manifest.files.size(); ++k) {
    manifest.files[k].bytes = static_cast<std::uint64_t>(bytes[k]);
    manifest.files[k].digest = {static_cast<std::uint64_t>(digests[2 * k]),
                                static_cast<std::uint64_t>(digests[2 * k + 1])};
  }
  return manifest;
}

}  // namespace foldstream
