// StreamFile: an HDF5 file of one rank and generation that chunks of streams are appended to.
#pragma once

#include "../stream_journal.hpp"
#include "output_file.hpp"

#include <map>
#include <set>
#include <span>

namespace foldstream::io::hdf5 {

/// Rows of an HDF5 chunk for a stream whose first chunk has `rows`: as many, or a few times as many
/// where that is less than 4 KiB.
std::int64_t chunk_rows_for(std::int64_t rows, const StreamType& type);

/// A chunk to be appended: its tensor, which must live until `append` returns, and its XXH3-64.
struct NewChunk {
  const Tensor* tensor = nullptr;
  std::uint64_t checksum = 0;
};

/// Chunks of one stream to be appended, and where they came to lie.
struct Lot {
  std::size_t dataset = 0;
  std::vector<NewChunk> chunks;
  std::vector<StreamPiece> pieces;
};

/// Each part of a stream is one dataset, cut along its rows into HDF5 chunks of equal size. A chunk
/// of the stream that is one of them in size goes there uncopied; others fill up HDF5 chunks one
/// after the other. No byte of a chunk is ever written twice or moved. Not thread-safe but for
/// `sync_bytes`; takes the Lock as needed, and never while it writes chunks.
class StreamFile {
 public:
  /// Makes the file, which must not exist. @throws Error{Io}
  explicit StreamFile(const std::filesystem::path& path) : file_(path, page_bytes) {}
  ~StreamFile() { abandon(); }

  const std::filesystem::path& path() const { return file_.path(); }
  std::uint64_t size() const { return file_.size(); }

  /// Begins a dataset for the stream of `header`, and fills in file, dataset and chunk_rows.
  std::size_t create(StreamHeader& header, const Key& id, std::int64_t rows_of_first);
  /// As `create` with everything given. @throws Error{Io} if there is such a dataset.
  std::size_t create_as(const StreamHeader& header, const Key& id);
  /// Writes chunks; they survive the process then, if someone knows the places. After an error the
  /// file must be abandoned. @throws Error{Io}
  void append(std::span<Lot> lots);
  /// No more chunks will come; `is_complete`: the stream has all.
  void finish(std::size_t dataset, bool is_complete);

  /// As OutputFile.
  void flush() { file_.flush(); }
  void sync_bytes() { file_.sync_bytes(); }
  void close();
  void abandon() noexcept;

 private:
  static constexpr std::uint64_t page_bytes = 4096;  // copying to whole pages is faster

  struct Dataset {
    std::string path;
    Handle handle;
    std::size_t axes = 1;  ///< of a chunk
    std::uint64_t row_bytes = 0;
    std::int64_t chunk_rows = 1;
    std::int64_t rows = 0;
    std::uint64_t last_chunk = 0;  ///< where the HDF5 chunk lies that the last row is in
  };
  struct Write {
    std::uint64_t offset = 0;
    std::span<const std::byte> bytes;
  };

  void place(Lot& lot, std::vector<Write>& writes);
  void place(Dataset& dataset, const NewChunk& chunk, std::vector<StreamPiece>& pieces,
             std::vector<Write>& writes);
  void write(std::span<const Write> writes);

  OutputFile file_;
  std::size_t next_ = 0;
  std::map<std::size_t, Dataset> datasets_;
  std::map<std::string, int> names_;  ///< paths, and how many were made of each
};

/// The pieces of a part of a stream, all of one dataset, as another file would have them.
struct KnownPart {
  std::string dataset;
  StreamType type;
  std::int64_t chunk_rows = 1;
  std::vector<StreamPiece> pieces;
};

/// Whether the dataset can be found by its name in the HDF5 structure of the file, with the rows
/// and places of the pieces.
bool is_shown(const std::filesystem::path& path, const KnownPart& part);

}  // namespace foldstream::io::hdf5
