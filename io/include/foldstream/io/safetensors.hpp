// Safetensors files: named tensors and a little text, the form in which weights are shipped.
#pragma once

#include <foldstream/tensor.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace foldstream::io {

/// What a safetensors file holds. Its layout, all little-endian: the length of the header (8
/// bytes), the header (JSON: name -> dtype, shape and the half-open range of bytes in the data),
/// the data (https://huggingface.co/docs/safetensors, "Format").
struct Safetensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;  ///< the "__metadata__" of the header

  /// @throws Error{NotFound} if there is no such tensor; the message names the nearest.
  const Tensor& tensor(std::string_view name) const;
};

/// Reads the bytes of a whole file; the tensors own copies of them. Values are not looked at: NaN
/// may be among them.
/// @param name  what errors call the file.
/// @throws Error{Parse} if the file is cut short, the header is not of the form above, is above
///         100 MB or names something twice, or the ranges overlap, leave a hole or do not fit the
///         shapes; Error{Unsupported} for a dtype that Tensor does not have.
Safetensors parse_safetensors(std::span<const std::byte> bytes, const std::string& name);

/// The file in memory, in a canonical form: equal content gives equal bytes. The header is sorted
/// by name and padded with spaces to a multiple of 8 bytes; the data is sorted by element size,
/// largest first, then by name, so that every tensor is aligned.
/// @throws Error{InvalidArgument} if a name or a text is not UTF-8, or a tensor is named
///         "__metadata__".
std::string format_safetensors(const Safetensors& content);

/// As `parse_safetensors`; the file may be compressed as `read_text_file` allows.
/// @throws what that one throws too: Error{NotFound}, Error{Io}.
Safetensors read_safetensors(const std::filesystem::path& path);

/// Writes the canonical form, whole or not at all (`write_file_atomically`).
void write_safetensors(const std::filesystem::path& path, const Safetensors& content);

/// The form of a tensor whose bytes come later.
struct SafetensorsEntry {
  DType dtype = DType::f32;
  Shape shape;
};

/// The same for tensors that need not fit into memory together: `read` is asked for each once, in the
/// order of the file. @throws Error{InvalidArgument} if it gives another form than was said.
void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, SafetensorsEntry>& entries,
                       const std::function<Tensor(const std::string& name)>& read);

}  // namespace foldstream::io
