// Text files: read whole whatever their compression, written whole or not at all.
#pragma once

#include <foldstream/error.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace foldstream::io {

/// The content of a plain, gzip or zstd file; which of them is told by its first bytes, not its
/// name.
/// @throws Error{NotFound} if there is no such file, Error{Io} if it cannot be read or is a folder,
///         Error{Parse} if its compressed data is damaged or cut short. All name the file.
std::string read_text_file(const std::filesystem::path& path);

/// Writes `text` under a temporary name in the same folder, then renames it to `path`: a reader
/// sees the old file or the new one, never a part. Replaces an existing file; makes no folders.
/// Threads and ranks may write at once; the last rename wins. Not synced to the disk.
/// @throws Error{Io} naming the path and the reason (disk full, no permission); the temporary is
///         removed and the old file untouched.
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

/// The same for a file that need not fit into memory: `make` is called once and hands its pieces, in
/// order, to the function that it is given. If it throws, no file is left.
void write_file_atomically(
    const std::filesystem::path& path,
    const std::function<void(const std::function<void(std::string_view)>& write)>& make);

/// A file or folder name for anything's name: letters, digits, '.', '_', '-', '+', '=' and '@'
/// stay; every other byte becomes '_'; a leading '.' or '-' becomes '_'; 100 bytes are kept;
/// nothing at all becomes "_". Different names may meet in one: the caller keeps them apart.
std::string safe_file_name(std::string_view name);

}  // namespace foldstream::io
