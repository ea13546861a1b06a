// Manifest: which files were written for a target, so that one can tell later if they still stand.
#pragma once

#include <foldstream/codec.hpp>
#include <foldstream/store.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace foldstream::workflows::report {

struct FileEntry {
  std::string path;  ///< relative to the target's folder
  std::uint64_t bytes = 0;
  Key digest;  ///< XXH3 of the content

  friend bool operator==(const FileEntry&, const FileEntry&) = default;
};

/// The files of one target, in the order in which they were written.
struct Manifest {
  std::string target;
  std::vector<FileEntry> files;

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// The paths of `manifest` that under `folder` are absent, unreadable, or not what was written.
/// Empty: everything stands. Reads every file whose size is right.
std::vector<std::string> damaged_files(const std::filesystem::path& folder,
                                       const Manifest& manifest);

}  // namespace foldstream::workflows::report

namespace foldstream {
template <>
struct Codec<workflows::report::Manifest> {
  static constexpr std::string_view name = "manifest";
  static Record encode(const workflows::report::Manifest& manifest);
  static workflows::report::Manifest decode(const Record& record);
};
}  // namespace foldstream
