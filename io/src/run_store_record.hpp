// Task records: what the journal says of one stored task, and the names its tensors have in HDF5.
#pragma once

#include <foldstream/store.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace foldstream::io {

/// A run of bytes of a tensor in its rank file. The pieces of a tensor, in order, are its bytes.
struct StoredPiece {
  std::uint64_t offset = 0;    ///< in the rank file
  std::uint64_t bytes = 0;     ///< without the padding of the last chunk
  std::uint64_t checksum = 0;  ///< XXH3-64
};

/// A field and where its bytes lie.
struct StoredField {
  std::string port;
  std::string name;
  std::string path;  ///< of the dataset, below the task's group
  DType dtype = DType::u8;
  Shape shape;
  Shape chunk;  ///< shape of a chunk; empty for a tensor without axes
  std::string units;
  std::vector<std::string> axes;
  std::vector<StoredPiece> pieces;
};

/// A stored task.
struct TaskRecord {
  std::string target;
  std::string task;
  double seconds = 0;
  std::string file;                ///< of the rank, "r0000-g0.h5"; empty if it has no fields
  std::string group;               ///< in that file, "/targets/<target>/<task>"
  std::vector<std::string> ports;  ///< all of them, those without fields too
  std::vector<StoredField> fields;
  std::string made_of = {};  ///< StoredTask::fields
};

/// @throws Error{InvalidArgument} if units or axes are not UTF-8; the message names the field.
void check_task_text(const StoredTask& task);

/// JSON of one line, without members that are empty. Units and axes must be UTF-8.
std::string format_task_record(const TaskRecord& record);
/// @throws Error{Parse} if `text` is not what `format_task_record` writes.
TaskRecord parse_task_record(const std::string& text);

/// The bytes of all its tensors.
std::uint64_t bytes(const TaskRecord& record);

bool is_utf8(std::string_view text);

/// A name as one link of an HDF5 path: '/', '%', control characters, bytes that are not UTF-8, and
/// the whole names "." and ".." become %XX; the empty name becomes "%". One to one.
std::string escape_name(std::string_view name);
/// The name that `escape_name` made `link` of. @throws Error{Parse} for anything else.
std::string unescape_name(std::string_view link);

/// "/targets/<target>/<task>", escaped.
std::string task_path(std::string_view target, std::string_view task);

/// The path of a field below its port: '/' in the name makes groups, unless a part is empty, or
/// another field bears the name of such a group; then it is escaped.
std::string field_path(const std::string& name, const Record& record);

/// The shape of the chunks of a tensor: whole, or cut along one axis to about 4 MiB, with length 1
/// on the axes before it, so that each chunk is contiguous in the tensor. Empty for no axes.
Shape chunk_shape(const Shape& shape, std::size_t element_bytes);

/// One chunk of a tensor: its first element's place, and its bytes in the tensor.
struct Piece {
  Shape at;
  std::uint64_t first_byte = 0;
  std::uint64_t bytes = 0;
};

/// The pieces of a tensor cut by `chunk_shape`, in the order of its bytes; none if it is empty.
std::vector<Piece> pieces_of(const Shape& shape, const Shape& chunk, std::size_t element_bytes);

}  // namespace foldstream::io
