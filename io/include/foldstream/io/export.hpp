// Export: a stored tensor or stream as a file of its own, for NumPy or any reader of HDF5.
#pragma once

#include <foldstream/stream.hpp>

#include <filesystem>

namespace foldstream::io {

/// Writes an .npy file. An existing file is replaced at once or, on an error, not at all. bf16,
/// which NumPy does not know, is written as uint16: the same 16 bits.
/// @throws Error{Io}
void write_npy(const std::filesystem::path& path, const Tensor& tensor);

/// Writes a stream as one array [rows of all chunks, row…], chunk by chunk, so that it need not
/// fit into memory: to an .npy file, or to an .h5 file as dataset "/<port>" with its attributes
/// (`units`, `axes`, `dtype` of two-byte floats, `complete`). Of a stream that is not complete it
/// takes what is stored. An existing file is replaced at once or, on an error, not at all.
/// @returns how many chunks were written.
/// @throws Error{InvalidArgument} for another name of file; Error{NotFound} for an unknown stream;
/// Error{Io}.
std::int64_t export_stream(StreamStore& streams, const Key& id, const std::filesystem::path& path);

/// The same of a field of a stored task; in an .h5 file as dataset "/<field>".
/// @throws Error{InvalidArgument} for another name of file; Error{NotFound} if the task has no such
/// port or field, naming those it has; Error{Io}.
void export_field(const StoredTask& task, const std::string& port, const std::string& field,
                  const std::filesystem::path& path);

}  // namespace foldstream::io
