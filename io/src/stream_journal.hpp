// StreamJournal: what a rank has stored of its streams, and where the bytes of the chunks lie.
#pragma once

#include "frames.hpp"

#include <foldstream/stream.hpp>

#include <fcntl.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace foldstream::io {

/// Begins a part of a stream: the chunks from `first_chunk` on that lie in one dataset.
struct StreamHeader {
  StreamLabel label;
  StreamType type;
  std::string file;             ///< of the rank, "r0000-s0.h5"
  std::string dataset;          ///< in that file, "/streams/<target>/<task>/<port>"
  std::int64_t chunk_rows = 1;  ///< of an HDF5 chunk of the dataset
  std::int64_t first_chunk = 0;

  std::uint64_t row_bytes() const;
};

/// "/streams/<target>/<task>/<port>", escaped.
std::string stream_path(const StreamLabel& label);

/// JSON of one line. @throws Error{InvalidArgument} if units or axes are not UTF-8.
std::string format_stream_header(const StreamHeader& header);
/// @throws Error{Parse} if `text` is not what `format_stream_header` writes.
StreamHeader parse_stream_header(std::string_view text);

/// A run of rows of one chunk in the file. A chunk is one or more of them, in order.
struct StreamPiece {
  std::uint64_t offset = 0;    ///< in the file
  std::uint64_t checksum = 0;  ///< XXH3-64 of the whole chunk
  std::uint32_t rows = 0;
  std::uint32_t left = 0;  ///< pieces of the same chunk that follow
};
static_assert(sizeof(StreamPiece) == 24, "as in the journal");

enum class StreamFrameKind : std::uint32_t { header = 1, chunks = 2, end = 3, closed = 4 };

/// What is in a frame, by its kind.
struct StreamFrame {
  StreamFrameKind kind = StreamFrameKind::header;
  std::uint64_t header = 0;      ///< chunks: offset of the frame of their header
  std::int64_t first_chunk = 0;  ///< chunks
  std::string_view pieces;       ///< chunks: StreamPieces, not aligned
  std::int64_t count = 0;        ///< end: chunks of the stream; closed: bytes of the file
  std::string_view text;         ///< header: its JSON; closed: the name of the file
};

/// Nothing if the body is of no known kind, or too short for it.
std::optional<StreamFrame> parse_stream_frame(std::string_view body);
std::vector<StreamPiece> pieces_in(const StreamFrame& frame);

inline constexpr std::string_view stream_magic = "FSS1";

/// "r0000.streams" beside the rank's other files.
std::filesystem::path stream_journal_path(const std::filesystem::path& ranks,
                                          const std::string& stem);

/// The one writer of a stream journal: frames are gathered and written at once. Not thread-safe.
class StreamJournalWriter {
 public:
  /// Opens or makes the file. @param end  behind the last whole frame: what follows is cut off.
  StreamJournalWriter(const std::filesystem::path& path, std::uint64_t end)
      : file_(path, O_RDWR | O_CREAT), end_(end) {}

  /// Each adds a frame to what is gathered and gives its offset.
  std::uint64_t add_header(const Key& id, const StreamHeader& header);
  std::uint64_t add_chunks(const Key& id, std::uint64_t header, std::int64_t first_chunk,
                           std::span<const StreamPiece> pieces);
  std::uint64_t add_end(const Key& id, std::int64_t chunks);
  std::uint64_t add_closed(const std::string& file, std::uint64_t bytes);
  /// Forgets what is gathered.
  void discard() { gathered_.clear(); }

  /// Where the gathered frames will begin.
  std::uint64_t end() const { return end_; }
  /// Writes what is gathered; it survives the process then. After an error the journal is as
  /// before, and nothing is gathered. @throws Error{Io}
  void write();
  /// Thread-safe.
  void sync() { file_.sync(); }

 private:
  std::uint64_t add(const Key& id, StreamFrameKind kind, std::uint32_t count,
                    std::string_view rest);

  File file_;
  std::uint64_t end_;
  std::string gathered_;
  bool is_tail_cut_ = false;
};

}  // namespace foldstream::io
