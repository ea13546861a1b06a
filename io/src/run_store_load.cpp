#include "run_store_file.hpp"
#include "run_store_load.hpp"

#include <fcntl.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace foldstream::io {

namespace {

[[noreturn]] void refuse(const StoredField& field, const std::string& why) {
  throw Error(ErrorKind::Io, "field '" + field.port + "/" + field.name + "' " + why);
}

/// Before memory is taken for it: a tensor must be as long as its pieces, and they lie in the file.
void check_pieces(const StoredField& field, std::uint64_t file_size) {
  const auto wanted = static_cast<std::uint64_t>(element_count(field.shape)) * size_of(field.dtype);
  std::uint64_t total = 0;
  for (const StoredPiece& piece : field.pieces) {
    if (piece.bytes > file_size || piece.offset > file_size - piece.bytes) {
      refuse(field, "lies behind the end of the file");
    }
    total += piece.bytes;
  }
  if (total != wanted) refuse(field, "has another size than its shape");
}

Tensor load_tensor(const File& file, const StoredField& field, std::uint64_t file_size) {
  check_pieces(field, file_size);
  Tensor tensor(field.dtype, field.shape);
  std::span<std::byte> rest = tensor.mutable_raw();
  for (const StoredPiece& piece : field.pieces) {
    const std::span<std::byte> bytes = rest.first(piece.bytes);
    if (file.read(piece.offset, bytes) < piece.bytes) refuse(field, "is cut short");
    if (XXH3_64bits(bytes.data(), bytes.size()) != piece.checksum) {
      refuse(field, "differs from its checksum");
    }
    rest = rest.subspan(piece.bytes);
  }
  return tensor;
}

}  // namespace

StoredTask load_task(const std::filesystem::path& ranks, const TaskRecord& record) {
  StoredTask task{record.target, record.task, record.seconds, {}, record.made_of};
  for (const std::string& port : record.ports) task.outputs[port];
  if (record.fields.empty()) return task;
  if (record.file.find('/') != std::string::npos || !record.file.ends_with(".h5")) {
    throw Error(ErrorKind::Io, "'" + record.file + "' is not a file of a rank");
  }
  if (!std::filesystem::exists(ranks / record.file)) throw Error(ErrorKind::Io, "is missing");
  const File file(ranks / record.file, O_RDONLY);
  const std::uint64_t size = file.size();
  for (const StoredField& field : record.fields) {
    task.outputs[field.port][field.name] = {load_tensor(file, field, size), field.units,
                                            field.axes};
  }
  return task;
}

}  // namespace foldstream::io
