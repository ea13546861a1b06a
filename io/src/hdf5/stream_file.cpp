#include "../run_store_record.hpp"
#include "stream_file.hpp"

#include <fcntl.h>

#include <algorithm>

namespace foldstream::io::hdf5 {

namespace {

constexpr std::uint64_t least_chunk = std::uint64_t{4} << 10;    // bytes of an HDF5 chunk, about
constexpr std::uint64_t largest_chunk = std::uint64_t{1} << 30;  // HDF5 has a limit at 4 GiB
constexpr std::int64_t most_rows = std::int64_t{1} << 30;

bool is_half(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16; }

Shape shape_of(const StreamType& type, std::int64_t rows, std::int64_t least) {
  Shape shape = {rows};
  for (const std::int64_t dimension : type.row) shape.push_back(std::max(dimension, least));
  return shape;
}

void describe(const Handle& dataset, const StreamHeader& header, const Key& id) {
  write_attribute(dataset, "id", to_string(id));
  write_attribute(dataset, "target", escape_name(header.label.target));
  write_attribute(dataset, "task", escape_name(header.label.task));
  write_attribute(dataset, "port", escape_name(header.label.port));
  write_attribute(dataset, "units", header.type.units);
  write_attribute(dataset, "axes", header.type.axes);
  if (is_half(header.type.dtype)) {
    write_attribute(dataset, "dtype", std::string(to_string(header.type.dtype)));
  }
  const std::int64_t first = header.first_chunk;
  write_attribute(dataset, "first_chunk", H5T_STD_I64LE, {}, &first);
  const std::uint8_t is_complete = 0;
  write_attribute(dataset, "complete", H5T_STD_U8LE, {}, &is_complete);
}

}  // namespace

std::int64_t chunk_rows_for(std::int64_t rows, const StreamType& type) {
  const std::uint64_t step =
      std::max<std::uint64_t>(StreamHeader{{}, type, "", "", 1, 0}.row_bytes(), 1);
  const auto limit = static_cast<std::int64_t>(std::max<std::uint64_t>(largest_chunk / step, 1));
  rows = std::min({rows, limit, most_rows});
  const std::uint64_t bytes = static_cast<std::uint64_t>(rows) * step;
  return rows * static_cast<std::int64_t>(std::max<std::uint64_t>(least_chunk / bytes, 1));
}

std::size_t StreamFile::create(StreamHeader& header, const Key& id, std::int64_t rows_of_first) {
  const std::string base = stream_path(header.label);
  header.file = path().filename().string();
  header.dataset = base;
  header.chunk_rows = chunk_rows_for(rows_of_first, header.type);
  // a suffixed name may itself be the name of a port that comes later, hence the loop
  for (int& count = names_[base]; ++count > 1;) {
    header.dataset = base + "~" + std::to_string(count);
    if (names_.try_emplace(header.dataset, 1).second) break;
  }
  return create_as(header, id);
}

std::size_t StreamFile::create_as(const StreamHeader& header, const Key& id) {
  if (header.row_bytes() > largest_chunk) {
    throw Error(ErrorKind::Unsupported,
                "stream " + to_string(header.label) + " has rows of " +
                    std::to_string(header.row_bytes()) + " bytes; they may have " +
                    std::to_string(largest_chunk) + ". Cut them into several rows.");
  }
  const Lock lock;
  Dataset dataset{
      header.dataset, {}, header.type.row.size() + 1, header.row_bytes(), header.chunk_rows};
  dataset.handle =
      create_dataset(file_.handle(), header.dataset, stored_type(header.type.dtype),
                     shape_of(header.type, 0, 0), shape_of(header.type, header.chunk_rows, 1));
  describe(dataset.handle, header, id);
  datasets_.emplace(next_, std::move(dataset));
  return next_++;
}

void StreamFile::append(std::span<Lot> lots) {
  std::vector<Write> writes;
  for (Lot& lot : lots) place(lot, writes);
  write(writes);
}

void StreamFile::place(Lot& lot, std::vector<Write>& writes) {
  Dataset& dataset = datasets_.at(lot.dataset);
  std::int64_t rows = dataset.rows;
  for (const NewChunk& chunk : lot.chunks) rows += chunk.tensor->dim(0);
  const Lock lock;
  extend_dataset(dataset.handle, rows, dataset.path);
  for (const NewChunk& chunk : lot.chunks) place(dataset, chunk, lot.pieces, writes);
  file_.check_written();
}

void StreamFile::place(Dataset& dataset, const NewChunk& chunk, std::vector<StreamPiece>& pieces,
                       std::vector<Write>& writes) {
  const std::int64_t size = dataset.chunk_rows;
  const std::uint64_t chunk_bytes = static_cast<std::uint64_t>(size) * dataset.row_bytes;
  std::span<const std::byte> rest = chunk.tensor->raw();
  const std::size_t first = pieces.size();
  for (std::int64_t left = chunk.tensor->dim(0); left > 0;) {
    const std::int64_t within = dataset.rows % size;  // of its HDF5 chunk
    const std::int64_t rows = std::min(left, size - within);
    if (within == 0 && chunk_bytes > 0) {
      Shape at(dataset.axes, 0);
      at[0] = dataset.rows;
      dataset.last_chunk = file_.place_chunk(dataset.handle, at, chunk_bytes, dataset.path);
    }
    const std::uint64_t skip = static_cast<std::uint64_t>(within) * dataset.row_bytes;
    const auto bytes = static_cast<std::size_t>(rows) * dataset.row_bytes;
    pieces.push_back(
        {dataset.last_chunk + skip, chunk.checksum, static_cast<std::uint32_t>(rows), 0});
    if (bytes > 0) writes.push_back({dataset.last_chunk + skip, rest.first(bytes)});
    rest = rest.subspan(bytes);
    left -= rows;
    dataset.rows += rows;
  }
  for (std::size_t i = first; i < pieces.size(); ++i) {
    pieces[i].left = static_cast<std::uint32_t>(pieces.size() - 1 - i);
  }
}

void StreamFile::write(std::span<const Write> writes) {
  std::vector<std::span<const std::byte>> run;
  for (std::size_t i = 0; i < writes.size();) {
    const std::uint64_t offset = writes[i].offset;
    std::uint64_t end = offset;
    for (run.clear(); i < writes.size() && writes[i].offset == end; ++i) {
      run.push_back(writes[i].bytes);
      end += writes[i].bytes.size();
    }
    file_.write(offset, run);
  }
}

void StreamFile::finish(std::size_t dataset, bool is_complete) {
  const auto found = datasets_.find(dataset);
  if (found == datasets_.end()) return;
  const Lock lock;
  const std::uint8_t value = is_complete ? 1 : 0;
  rewrite_attribute(found->second.handle, "complete", H5T_STD_U8LE, &value);
  datasets_.erase(found);
}

void StreamFile::close() {
  {
    const Lock lock;
    datasets_.clear();
  }
  file_.close();
}

void StreamFile::abandon() noexcept {
  const Lock lock;
  datasets_.clear();  // HDF5 closes a file only after its datasets
  file_.abandon();
}

namespace {

/// An HDF5 file of ours, to ask HDF5 where it would read. Hold the Lock.
class ReadFile {
 public:
  explicit ReadFile(const std::filesystem::path& path) : driver_(make_driver()) {
    disk_.file = File(path, O_RDONLY);
    file_ = open_file(disk_, driver_);
  }

  const Handle& handle() const { return file_; }
  std::uint64_t place_of_chunk(const Handle& dataset, const Shape& at, std::string_view name) {
    disk_.place = HADDR_UNDEF;
    read_chunk(dataset, at, placeholder(), name);
    return disk_.place;
  }

 private:
  Disk disk_;
  Handle driver_;
  Handle file_;
};

/// Whether HDF5 would look for the rows of `part` where its pieces say.
bool has_places(ReadFile& file, const Handle& dataset, const KnownPart& part) {
  const StreamHeader row{{}, part.type, "", "", 1, 0};
  const std::uint64_t row_bytes = row.row_bytes();
  std::int64_t at = 0;
  std::uint64_t begin = 0;  // of the HDF5 chunk
  for (const StreamPiece& piece : part.pieces) {
    const std::int64_t within = at % part.chunk_rows;
    if (within == 0 && row_bytes > 0) {
      Shape coordinates(part.type.row.size() + 1, 0);
      coordinates[0] = at;
      begin = file.place_of_chunk(dataset, coordinates, part.dataset);
    }
    if (row_bytes > 0 && begin + static_cast<std::uint64_t>(within) * row_bytes != piece.offset) {
      return false;
    }
    at += piece.rows;
  }
  return dataset_shape(dataset, part.dataset) == shape_of(part.type, at, 0);
}

}  // namespace

bool is_shown(const std::filesystem::path& path, const KnownPart& part) try {
  const Lock lock;  // outlives the handles
  ReadFile file(path);
  return has_places(file, open_dataset(file.handle(), part.dataset), part);
} catch (const std::exception&) {
  return false;
}

}  // namespace foldstream::io::hdf5
