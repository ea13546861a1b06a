// StreamIndex: which chunks of which streams are stored, as the stream journals of all ranks tell.
#pragma once

#include "run_store_index.hpp"
#include "stream_journal.hpp"

#include <map>
#include <mutex>
#include <shared_mutex>

namespace foldstream::io {

/// Where a chunk lies: one of its copies.
struct ChunkPlace {
  std::shared_ptr<const StreamHeader> header;
  std::vector<StreamPiece> pieces;
};

/// A part of a stream that lies in one dataset.
struct StreamPart {
  StreamHeader header;
  std::int64_t chunks = 0;  ///< from its first on, without a gap
  bool is_cut = false;      ///< there are more in its dataset, behind damage
};

/// What is known of a stream.
struct KnownStream {
  StreamHeader header;  ///< of the newest part
  std::int64_t chunks = 0;
  bool is_complete = false;
  std::int64_t first_at = 0;  ///< ns since 1970
  std::int64_t last_at = 0;
};

/// The stream journals of a folder "ranks", read up to where they ended last time. It takes little
/// memory for a chunk: the tables are read again from the journals when they are asked for.
/// Thread-safe.
class StreamIndex {
 public:
  explicit StreamIndex(std::filesystem::path ranks) : ranks_(std::move(ranks)) {}

  /// Reads on in every journal. Torn tails are left for the next time.
  /// @returns damage that was met on the way.
  std::vector<JournalDamage> refresh();
  /// Reads on in one journal, which is made known if it is not. @returns where its last whole frame
  /// ends.
  std::uint64_t refresh(const std::filesystem::path& journal);

  /// Chunks from the first on without a gap; 0 for an unknown stream.
  std::int64_t chunks(const Key& id) const;
  /// @throws Error{Io} if the journal is damaged where it was not before.
  std::optional<KnownStream> find(const Key& id) const;
  /// All copies of a chunk, the newest first; none if the stream does not reach so far.
  /// @throws Error{Io} if the journal is damaged where it was not before and there is no other
  /// copy.
  std::vector<ChunkPlace> places(const Key& id, std::int64_t chunk) const;
  /// Forgets the chunks from `chunk` on, and that the stream is complete. False if they are gone.
  bool cut(const Key& id, std::int64_t chunk);

  std::vector<Key> ids() const;
  /// Its parts, the newest first.
  std::vector<StreamPart> parts(const Key& id) const;
  /// Of all chunks of a part, in order; none if there is no such part.
  std::vector<StreamPiece> pieces(const Key& id, const StreamHeader& part) const;
  /// Of all chunks from the first on without a gap. @throws Error{Io} as `find`.
  std::int64_t rows(const Key& id) const;
  /// The bytes of a file of a rank when its writer closed it; nothing if none did.
  std::optional<std::uint64_t> closed_bytes(const std::string& file) const;

 private:
  /// Consecutive chunks of a part whose frames lie in one stretch of the journal.
  struct Span {
    std::uint64_t begin = 0, end = 0;  ///< of the stretch
    std::int64_t first = 0, chunks = 0;
    std::int64_t rows = 0;  ///< of all of them; -1: not known any more
  };
  struct Part {
    std::size_t journal = 0;
    std::uint64_t header = 0;  ///< offset of its frame
    std::uint32_t header_length = 0;
    std::int64_t begun_at = 0;
    std::vector<Span> spans;
    bool is_cut = false;

    const Span* find(std::int64_t chunk) const;
  };
  struct Known {
    std::vector<Part> parts;  ///< the newest first
    std::int64_t chunks = 0;
    std::int64_t ended = -1;  ///< with so many chunks
    std::int64_t first_at = 0, last_at = 0;
  };
  struct Journal {
    File file;
    std::uint64_t end = 0;
  };
  /// The frames of a span, unpacked.
  struct Table {
    std::size_t journal = 0;
    Span span;
    std::uint64_t header_offset = 0;
    std::shared_ptr<const StreamHeader> header;
    std::vector<StreamPiece> pieces;
    std::vector<std::size_t> begins;  ///< of each chunk in `pieces`, and behind the last
  };

  std::size_t number_of(const std::filesystem::path& path);
  FrameScan read_on(std::size_t journal);
  void add(std::size_t journal, const Frame& frame);
  void add_header(std::size_t journal, const Frame& frame);
  void add_chunks(std::size_t journal, const Frame& frame, const StreamFrame& content);
  static void advance(Known& known);
  std::int64_t rows_of(const Key& id, const Part& part, const Span& span, std::int64_t skip) const;
  StreamHeader header_of(const Key& id, const Part& part) const;
  StreamHeader newest_header(const Key& id, const Known& known) const;
  std::shared_ptr<const Table> table(const Key& id, const Part& part, const Span& span) const;
  std::shared_ptr<const Table> read_table(const Key& id, const Part& part, const Span& span) const;

  std::filesystem::path ranks_;
  mutable std::shared_mutex mutex_;
  std::vector<Journal> journals_;
  std::unordered_map<Key, Known, foldstream::KeyHash> streams_;
  std::map<std::string, std::uint64_t> closed_;

  mutable std::mutex tables_mutex_;                           ///< taken after mutex_
  mutable std::vector<std::shared_ptr<const Table>> tables_;  ///< used last
  mutable std::size_t next_table_ = 0;
};

}  // namespace foldstream::io
