// Stream: an ordered sequence of chunks that flows to its readers while it is being made.
#pragma once

#include <foldstream/codec.hpp>
#include <foldstream/store.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace foldstream {

/// What all chunks of a stream have in common. A chunk is a tensor of shape [n, row…], n ≥ 1; n may
/// differ from chunk to chunk.
struct StreamType {
  DType dtype = DType::f32;
  Shape row = {};                      ///< of one row; empty for plain numbers
  std::string units = "1";
  std::vector<std::string> axes = {};  ///< of a chunk, axis 0 too; empty: not named

  friend bool operator==(const StreamType&, const StreamType&) = default;
};

/// Names a stream: the value of a port that carries one. The chunks are read through
/// `Context::read_stream`, by tasks that may begin before the stream has ended.
struct Stream {
  Key id;
  StreamType type;

  friend bool operator==(const Stream&, const Stream&) = default;
};

template <>
struct Codec<Stream> {
  static constexpr std::string_view name = "stream";
  static Record encode(const Stream& stream);
  static Stream decode(const Record& record);
};

/// The id of the stream at an output port of the task with that key.
Key stream_id(const Key& task, const std::string& port);

/// @throws Error{InvalidArgument} "stream 'predict.models' …" if a chunk is not of the type.
void check_chunk(const StreamType& type, const Tensor& chunk, const std::string& stream);

/// XXH3-64 of the bytes of a chunk, as `StreamStore::checksum` gives it.
std::uint64_t checksum_of(const Tensor& chunk);

/// Where a stream comes from, for messages and for the names in files.
struct StreamLabel {
  std::string target;
  std::string task;
  std::string port;
};

/// "predict.models" or "predict.models of target 'P1'".
std::string to_string(const StreamLabel& label);

/// The producer's end. Used by one thread at a time. The stream ends well when the task's body
/// returns, and in failure when the task fails for good.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;

  /// How many chunks an earlier attempt, or an earlier run, has left when the stream was opened. A body
  /// that begins anew appends them again: they are compared with what is there, by checksum, and not
  /// kept twice.
  virtual std::int64_t stored() const = 0;
  /// Leaves the first `chunks` (≤ stored()) as they are: the next append is the one behind them. For
  /// bodies that can go on from `read` of what is stored.
  virtual void skip(std::int64_t chunks) = 0;
  /// A chunk that is stored.
  virtual Tensor read(std::int64_t chunk) = 0;
  /// Takes the next chunk, which nobody may change any more. Waits while more than the window of the
  /// stream is neither durable nor read.
  /// @throws Error{InvalidArgument} for a chunk of another type; Error{Internal} if a repeated chunk
  /// differs from the one stored, that is, the task is not pure; Error{Io} if chunks cannot be made
  /// durable; Error{Communication} if a reader did not read for too long (the message names it);
  /// Error{Cancelled}.
  virtual void append(Tensor chunk) = 0;
};

/// A consumer's end: all chunks from the first, in order. Used by one thread at a time.
class StreamReader {
 public:
  virtual ~StreamReader() = default;

  /// The next chunk; waits for it; nothing at the end of the stream.
  /// @throws Error{Task} if the producer failed; Error{Communication} if its rank was lost, or
  /// nothing came for too long (the message names the producer); Error{Io} if a stored chunk is
  /// damaged; Error{Cancelled}.
  virtual std::optional<Tensor> next() = 0;
};

/// What is known of a stored stream.
struct StoredStream {
  StreamType type;
  StreamLabel label;
  std::int64_t chunks = 0;   ///< readable, from the first on without a gap
  bool is_complete = false;  ///< there will be no more
};

/// Keeps the chunks of streams. Thread-safe.
class StreamStore {
 public:
  virtual ~StreamStore() = default;

  /// Nothing if the stream is unknown.
  virtual std::optional<StoredStream> find(const Key& id) = 0;
  /// Begins or goes on with a stream. @returns how many chunks are stored: the next has that number.
  /// @throws Error{InvalidArgument} if it is stored with another type; Error{Unsupported} if the store
  /// is not writable; Error{Io}.
  virtual std::int64_t open(const Key& id, const StreamType& type, const StreamLabel& label) = 0;
  /// Queues the chunk behind the last one and returns; waits only while too many bytes are queued.
  /// `stored` is called once, from a thread of the store: with null when `read` gives the chunk to
  /// any process that refreshes and it outlives this process, or with what went wrong; then all
  /// later chunks of the stream go wrong too until it is opened again. It must be quick.
  virtual void append(const Key& id, Tensor chunk,
                      std::function<void(std::exception_ptr)> stored) = 0;
  /// Marks the stream as complete; waits until all of it is on the disk for good (synced).
  /// @throws Error{Io}
  virtual void finish(const Key& id) = 0;
  /// A stored chunk, checked against its checksum. @throws Error{Io} if it is damaged: then the
  /// stream counts from now on as having only the chunks before it, and as not complete, and what is
  /// appended goes wrong until it is opened again; Error{NotFound} if there is no such chunk (yet).
  virtual Tensor read(const Key& id, std::int64_t chunk) = 0;
  /// XXH3-64 of the bytes of a stored chunk. @throws Error{NotFound}.
  virtual std::uint64_t checksum(const Key& id, std::int64_t chunk) = 0;
};

}  // namespace foldstream
