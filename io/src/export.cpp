#include "hdf5/stream_file.hpp"
#include "npy_file.hpp"
#include "run_store_record.hpp"

#include <foldstream/io/export.hpp>

#include <functional>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace foldstream::io {

namespace {

namespace fs = std::filesystem;

/// Lets `write` make a file beside `path`, and puts it in its place.
void replace_file(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  fs::path partial = path;
  partial += ".partial";
  std::error_code error;
  fs::remove(partial, error);
  try {
    write(partial);
  } catch (...) {
    fs::remove(partial, error);
    throw;
  }
  fs::rename(partial, path, error);
  if (error) throw file_error(path, "replace the file", error.value());
}

bool is_hdf5(const fs::path& path) {
  if (path.extension() == ".h5") return true;
  if (path.extension() == ".npy") return false;
  throw Error(ErrorKind::InvalidArgument,
              path.string() + ": expected a name that ends with .npy or .h5.");
}

void write_chunks_npy(const fs::path& path, const StreamType& type, std::int64_t chunks,
                      const std::function<Tensor(std::int64_t)>& read) {
  NpyFile file(path, type.dtype, type.row);
  for (std::int64_t i = 0; i < chunks; ++i) {
    const Tensor chunk = read(i);
    file.append(chunk.raw(), chunk.dim(0));
  }
  file.finish();
}

void write_chunks_hdf5(const fs::path& path, const Key& id, const StoredStream& stream,
                       const std::function<Tensor(std::int64_t)>& read) {
  hdf5::StreamFile file(path);
  std::size_t dataset = 0;
  for (std::int64_t i = 0; i < std::max<std::int64_t>(stream.chunks, 1); ++i) {
    const Tensor chunk = stream.chunks > 0 ? read(i) : Tensor();
    if (i == 0) {
      StreamHeader header{
          stream.label,
          stream.type,
          "",
          "/" + escape_name(stream.label.port),
          hdf5::chunk_rows_for(std::max<std::int64_t>(chunk.dim(0), 1), stream.type),
          0};
      dataset = file.create_as(header, id);
    }
    if (stream.chunks == 0) break;
    hdf5::Lot lot{dataset, {{&chunk, 0}}, {}};
    file.append({&lot, 1});
  }
  file.finish(dataset, stream.is_complete);
  file.close();
}

void write_field_hdf5(const fs::path& path, const std::string& name, const Field& field) {
  hdf5::OutputFile file(path);
  file.reserve(field.tensor.bytes() + (64 << 10));
  {
    const hdf5::Lock lock;
    const hid_t type = hdf5::stored_type(field.tensor.dtype());
    const hdf5::Handle dataset = hdf5::create_dataset(file.handle(), "/" + escape_name(name), type,
                                                      field.tensor.shape(), {});
    hdf5::write_dataset(dataset, type, field.tensor.raw().data(), name);
    hdf5::write_attribute(dataset, "units", field.units);
    hdf5::write_attribute(dataset, "axes", field.axes);
    if (size_of(field.tensor.dtype()) == 2 && field.tensor.dtype() != DType::i16) {
      hdf5::write_attribute(dataset, "dtype", std::string(to_string(field.tensor.dtype())));
    }
  }
  file.close();
}

template <class Map>
const auto& member(const Map& map, const std::string& name, const std::string& what) {
  const auto found = map.find(name);
  if (found != map.end()) return found->second;
  std::string known;
  for (const auto& [other, value] : map) known += (known.empty() ? "" : ", ") + other;
  throw Error(ErrorKind::NotFound,
              what + " '" + name + "'; it has: " + (known.empty() ? "none" : known) + ".");
}

}  // namespace

void write_npy(const fs::path& path, const Tensor& tensor) {
  replace_file(path, [&](const fs::path& partial) {
    const Shape& shape = tensor.shape();
    NpyFile file(partial, tensor.dtype(),
                 shape.empty() ? Shape{} : Shape(shape.begin() + 1, shape.end()));
    file.append(tensor.raw(), shape.empty() ? 1 : shape[0]);
    shape.empty() ? file.finish_scalar() : file.finish();
  });
}

std::int64_t export_stream(StreamStore& streams, const Key& id, const fs::path& path) {
  const bool to_hdf5 = is_hdf5(path);
  const std::optional<StoredStream> stream = streams.find(id);
  if (!stream) throw Error(ErrorKind::NotFound, "stream " + to_string(id) + " is not stored");
  const auto read = [&](std::int64_t chunk) { return streams.read(id, chunk); };
  replace_file(path, [&](const fs::path& partial) {
    if (to_hdf5) {
      write_chunks_hdf5(partial, id, *stream, read);
    } else {
      write_chunks_npy(partial, stream->type, stream->chunks, read);
    }
  });
  return stream->chunks;
}

void export_field(const StoredTask& task, const std::string& port, const std::string& field,
                  const fs::path& path) {
  const bool to_hdf5 = is_hdf5(path);
  const Record& record = member(task.outputs, port, "task '" + task.task + "' has no port");
  const Field& value = member(record, field, "port '" + port + "' has no field");
  if (!to_hdf5) return write_npy(path, value.tensor);
  replace_file(path, [&](const fs::path& partial) { write_field_hdf5(partial, field, value); });
}

}  // namespace foldstream::io
