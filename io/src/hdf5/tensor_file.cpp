#include "tensor_file.hpp"

#include <algorithm>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace foldstream::io::hdf5 {

namespace {

bool is_half(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16; }

void describe(const Handle& dataset, const Field& field) {
  write_attribute(dataset, "units", field.units);
  write_attribute(dataset, "axes", field.axes);
  if (is_half(field.tensor.dtype())) {
    write_attribute(dataset, "dtype", std::string(to_string(field.tensor.dtype())));
  }
}

StoredPiece write_piece(const Handle& dataset, const Field& field, const Piece& piece,
                        std::size_t chunk_bytes, const std::string& path) {
  const std::byte* data = field.tensor.raw().data() + piece.first_byte;
  std::vector<std::byte> padded;
  if (piece.bytes < chunk_bytes) {  // HDF5 wants whole chunks
    padded.resize(chunk_bytes);
    std::memcpy(padded.data(), data, piece.bytes);
  }
  write_chunk(dataset, piece.at, padded.empty() ? data : padded.data(), chunk_bytes, path);
  return {chunk_offset(dataset, piece.at, path), piece.bytes, XXH3_64bits(data, piece.bytes)};
}

StoredField write_field(const OutputFile& file, const Handle& group, const std::string& port,
                        const std::string& name, const Record& record) {
  const Field& field = record.at(name);
  const Tensor& tensor = field.tensor;
  const std::size_t element = size_of(tensor.dtype());
  const std::string path = escape_name(port) + "/" + field_path(name, record);
  StoredField stored{port,           name,           path,
                     tensor.dtype(), tensor.shape(), chunk_shape(tensor.shape(), element),
                     field.units,    field.axes,     {}};
  const Handle dataset =
      create_dataset(group, path, stored_type(tensor.dtype()), tensor.shape(), stored.chunk);
  describe(dataset, field);
  if (stored.chunk.empty()) {
    write_dataset(dataset, stored_type(tensor.dtype()), tensor.raw().data(), path);
    stored.pieces.push_back({dataset_offset(dataset), tensor.bytes(),
                             XXH3_64bits(tensor.raw().data(), tensor.bytes())});
    return stored;
  }
  const std::size_t chunk_bytes = static_cast<std::size_t>(element_count(stored.chunk)) * element;
  for (const Piece& piece : pieces_of(stored.shape, stored.chunk, element)) {
    stored.pieces.push_back(write_piece(dataset, field, piece, chunk_bytes, path));
    file.check_written();
  }
  return stored;
}

/// A little more than the task will take, HDF5's own structures included.
std::uint64_t room_for(const StoredTask& task) {
  std::uint64_t total = 256 << 10;
  for (const auto& [port, record] : task.outputs) {
    for (const auto& [name, field] : record) {
      const std::size_t element = size_of(field.tensor.dtype());
      const Shape chunk = chunk_shape(field.tensor.shape(), element);
      const auto chunk_bytes = static_cast<std::uint64_t>(element_count(chunk)) * element;
      const auto pieces =
          chunk.empty() ? 1 : pieces_of(field.tensor.shape(), chunk, element).size();
      total += (chunk_bytes + 256) * pieces + (8 << 10);
    }
  }
  return total;
}

bool is_found(const Handle& file, const TaskRecord& record, const StoredField& field) {
  const std::string path = record.group + "/" + field.path;
  const Handle dataset = open_dataset(file, path);
  if (dataset_shape(dataset, path) != field.shape) return false;
  if (field.chunk.empty()) return dataset_offset(dataset) == field.pieces.at(0).offset;
  const auto pieces = pieces_of(field.shape, field.chunk, size_of(field.dtype));
  return std::equal(pieces.begin(), pieces.end(), field.pieces.begin(), field.pieces.end(),
                    [&](const Piece& piece, const StoredPiece& stored) {
                      return chunk_offset(dataset, piece.at, path) == stored.offset;
                    });
}

bool is_found(const Handle& file, const TaskRecord& record) try {
  open_group(file, record.group);
  return std::all_of(record.fields.begin(), record.fields.end(),
                     [&](const StoredField& field) { return is_found(file, record, field); });
} catch (const std::exception&) {
  return false;
}

}  // namespace

Handle create_task_group(const Handle& file, const std::string& path, const Key& key,
                         const TaskFacts& facts) {
  Handle group = create_group(file, path);
  write_attribute(group, "key", to_string(key));
  write_attribute(group, "target", escape_name(facts.target));
  write_attribute(group, "task", escape_name(facts.task));
  write_attribute(group, "seconds", facts.seconds);
  return group;
}

TaskRecord TensorFile::append(const Key& key, const StoredTask& task) {
  file_.reserve(room_for(task));
  TaskRecord record{task.target, task.task, task.seconds, path().filename().string(),
                    "",          {},        {},           task.fields};
  record.group = task_path(task.target, task.task);
  // a suffixed name may itself be the name of a task that comes later, hence the loop
  const std::string base = record.group;
  for (int& count = groups_[base]; ++count > 1;) {
    record.group = base + "~" + std::to_string(count);
    if (groups_.try_emplace(record.group, 1).second) break;
  }
  write_task(record, key, task);
  file_.check_written();
  return record;
}

void TensorFile::write_task(TaskRecord& record, const Key& key, const StoredTask& task) {
  const Lock lock;
  const Handle group =
      create_task_group(file_.handle(), record.group, key, {task.target, task.task, task.seconds});
  for (const auto& [port, fields] : task.outputs) {
    record.ports.push_back(port);
    if (fields.empty()) create_group(group, escape_name(port));  // else its first field makes it
    for (const auto& field : fields) {
      record.fields.push_back(write_field(file_, group, port, field.first, fields));
    }
  }
}

std::vector<bool> find_tasks(const std::filesystem::path& path,
                             std::span<const TaskRecord> records) {
  std::vector<bool> found(records.size(), false);
  const Lock lock;
  try {
    const Handle file = open_file(path.string());
    std::transform(records.begin(), records.end(), found.begin(),
                   [&](const TaskRecord& record) { return is_found(file, record); });
  } catch (const Error&) {
    // then none of them can be found
  }
  return found;
}

}  // namespace foldstream::io::hdf5
