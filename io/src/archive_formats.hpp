// The formats behind TensorArchive: each lists the tensors of one file that is mapped.
#pragma once

#include "zip_directory.hpp"

#include <foldstream/io/tensor_archive.hpp>

#include <map>
#include <span>
#include <string>

namespace foldstream::io {

using ArchivedTensors = std::map<std::string, ArchivedTensor>;

/// `file` is what errors call it; entries have the number 0 as their file.
ArchivedTensors list_safetensors(std::span<const std::byte> bytes, const std::string& file);
ArchivedTensors list_torch_checkpoint(std::span<const std::byte> bytes, ZipEntries entries,
                                      const std::string& file);
ArchivedTensors list_npz(std::span<const std::byte> bytes, const ZipEntries& entries,
                         const std::string& file);

/// What a .npy file says before its data (NumPy enhancement proposal 1).
struct NpyHeader {
  DType dtype = DType::f32;
  Shape shape;
  bool is_fortran = false;
  std::size_t data = 0;  ///< where the data begins
};
/// @param bytes  of the file, at least of its header
NpyHeader parse_npy_header(std::span<const std::byte> bytes, const std::string& file);

/// Bytes of elements that lie row after row. @throws Error{Parse} if the product overflows.
std::uint64_t bytes_of_shape(const Shape& shape, DType dtype, const std::string& what);

}  // namespace foldstream::io
