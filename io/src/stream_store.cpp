#include "run_store_record.hpp"
#include "stream_store.hpp"

#include <fcntl.h>

#include <algorithm>
#include <tuple>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace foldstream::io {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_axes = 30;  // of a row; HDF5 has a limit at 32

void check_type(const StreamType& type, const StreamLabel& label) {
  element_count(type.row);
  if (type.row.size() > most_axes) {
    throw Error(ErrorKind::Unsupported, "stream " + to_string(label) + " has rows of " +
                                            std::to_string(type.row.size()) +
                                            " axes; HDF5 stores 30 at most.");
  }
  format_stream_header({label, type, "", "", 1, 0});
}

/// The text of a failure, without its kind.
std::string text_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

FolderStreams::FolderStreams(fs::path ranks, std::string stem, ReportDamage report)
    : ranks_(std::move(ranks)),
      stem_(std::move(stem)),
      report_(std::move(report)),
      index_(ranks_) {}

void FolderStreams::refresh() {
  for (const JournalDamage& damage : index_.refresh()) {
    if (report_) report_({damage.file, "", "", std::to_string(damage.bytes) + " damaged bytes"});
  }
}

WriteBehind& FolderStreams::writer() {
  const std::scoped_lock lock(writer_mutex_);
  if (stem_.empty()) {
    throw Error(ErrorKind::Unsupported,
                ranks_.parent_path().string() + ": opened for reading only.");
  }
  if (!writer_) writer_ = std::make_unique<WriteBehind>(ranks_, stem_, index_);
  return *writer_;
}

WriteBehind* FolderStreams::writer_if_any() {
  const std::scoped_lock lock(writer_mutex_);
  return writer_.get();
}

void FolderStreams::close() {
  if (WriteBehind* writer = writer_if_any()) writer->close();
}

std::optional<KnownStream> FolderStreams::find_known(const Key& id) {
  try {
    return index_.find(id);
  } catch (const Error& error) {  // its header cannot be read any more
    drop(id, 0, ranks_, {}, error.what());
    return std::nullopt;
  }
}

std::optional<StoredStream> FolderStreams::find(const Key& id) {
  if (const std::optional<KnownStream> known = find_known(id)) {
    return StoredStream{known->header.type, known->header.label, known->chunks, known->is_complete};
  }
  WriteBehind* const writer = writer_if_any();
  return writer == nullptr ? std::nullopt : writer->find(id);
}

std::int64_t FolderStreams::open(const Key& id, const StreamType& type, const StreamLabel& label) {
  WriteBehind& writer = this->writer();
  check_type(type, label);
  writer.wait_written(id);
  refresh();
  if (const auto before = find(id); before && before->type != type) {
    throw Error(ErrorKind::InvalidArgument,
                "stream " + to_string(label) + " is stored with another type, of stream " +
                    to_string(before->label) + ". Give the task another identity.");
  }
  const std::int64_t stored = index_.chunks(id);
  writer.begin(id, type, label, stored);
  return stored;
}

void FolderStreams::append(const Key& id, Tensor chunk,
                           std::function<void(std::exception_ptr)> stored) {
  writer().append(id, std::move(chunk), std::move(stored));
}

void FolderStreams::finish(const Key& id) {
  writer().finish(id);
  const std::optional<KnownStream> known = find_known(id);
  if (known && known->is_complete) return;
  throw Error(ErrorKind::Io, "stream " + to_string(id) + " has ended, but of its chunks only " +
                                 std::to_string(known ? known->chunks : 0) +
                                 " can be read. Run again: these are kept.");
}

Tensor FolderStreams::read(const Key& id, std::int64_t chunk) {
  std::exception_ptr failure;
  fs::path file = ranks_;
  StreamLabel label;
  try {
    for (const ChunkPlace& place : index_.places(id, chunk)) {
      try {
        return load(place);
      } catch (const Error&) {
        failure = std::current_exception();
        file = ranks_ / place.header->file;
        label = place.header->label;
      }
    }
  } catch (const Error&) {
    failure = std::current_exception();
  }
  if (!failure) {
    throw Error(ErrorKind::NotFound, "stream " + to_string(id) + " has no chunk " +
                                         std::to_string(chunk) + " in " + ranks_.string());
  }
  const std::string reason = "chunk " + std::to_string(chunk) + " " + text_of(failure);
  drop(id, chunk, file, label, reason);
  throw Error(ErrorKind::Io,
              file.string() + ": " + reason + ". Run again: what comes before it is kept.");
}

std::uint64_t FolderStreams::checksum(const Key& id, std::int64_t chunk) {
  std::vector<ChunkPlace> places;
  try {
    places = index_.places(id, chunk);
  } catch (const Error& error) {
    drop(id, chunk, ranks_, {}, error.what());
  }
  if (!places.empty()) return places.front().pieces.front().checksum;
  throw Error(ErrorKind::NotFound,
              "stream " + to_string(id) + " has no chunk " + std::to_string(chunk));
}

/// The first who meets damage reports it.
void FolderStreams::drop(const Key& id, std::int64_t chunk, const fs::path& file,
                         const StreamLabel& label, const std::string& reason) {
  if (!index_.cut(id, chunk) || !report_) return;
  report_({file, label.target, label.task, reason, label.port});
}

std::shared_ptr<const File> FolderStreams::file(const std::string& name) {
  const std::scoped_lock lock(files_mutex_);
  std::shared_ptr<const File>& file = files_[name];
  if (file) return file;
  if (name.find('/') != std::string::npos || !name.ends_with(".h5")) {
    throw Error(ErrorKind::Io, "lies in '" + name + "', which is not a file of a rank");
  }
  if (!fs::exists(ranks_ / name)) throw Error(ErrorKind::Io, "is gone: the file is missing");
  file = std::make_shared<const File>(ranks_ / name, O_RDONLY);
  return file;
}

Tensor FolderStreams::load(const ChunkPlace& place) {
  const std::shared_ptr<const File> file = this->file(place.header->file);
  const std::uint64_t row_bytes = place.header->row_bytes(), file_size = file->size();
  Shape shape = {0};
  shape.insert(shape.end(), place.header->type.row.begin(), place.header->type.row.end());
  for (const StreamPiece& piece : place.pieces) {  // before memory is taken
    shape[0] += piece.rows;
    const std::uint64_t bytes = piece.rows * row_bytes;
    if (bytes > file_size || piece.offset > file_size - bytes) {
      throw Error(ErrorKind::Io, "lies behind the end of the file");
    }
  }
  Tensor chunk(place.header->type.dtype, shape);
  std::span<std::byte> rest = chunk.mutable_raw();
  for (const StreamPiece& piece : place.pieces) {
    const std::span<std::byte> bytes = rest.first(piece.rows * row_bytes);
    if (file->read(piece.offset, bytes) < bytes.size()) throw Error(ErrorKind::Io, "is cut short");
    rest = rest.subspan(bytes.size());
  }
  if (XXH3_64bits(chunk.raw().data(), chunk.bytes()) != place.pieces.front().checksum) {
    throw Error(ErrorKind::Io, "differs from its checksum");
  }
  return chunk;
}

}  // namespace foldstream::io
