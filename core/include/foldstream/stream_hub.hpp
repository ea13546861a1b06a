// StreamHub: the live streams of a process, between their writers, their readers and the store.
#pragma once

#include <foldstream/stream.hpp>

#include <exception>
#include <stop_token>

namespace foldstream {

struct StreamHubOptions {
  /// Most bytes of a stream's chunks that are held for readers or until they are stored; ≥ 1 chunk.
  std::uint64_t window_bytes = std::uint64_t{64} << 20U;
  double stall_seconds = 600;  ///< a reader or writer that waits longer fails; 0 = waits for ever
};

/// A chunk goes by pointer to the readers of this process and to the store's queue at the same
/// time. Once stored, and read by all readers that are attached, it is dropped; a reader that comes
/// late, or stays behind by more than the window, reads it back from the store. Without a store (or
/// with one that is not writable) chunks are kept until the stream is released, and the window
/// binds the writer only while readers are attached.
///
/// Tasks of equal keys may write one stream at the same time: whoever is first gives the chunk,
/// those of the others are compared with it. Writers, readers and taps may outlive the hub.
/// Thread-safe.
class StreamHub {
 public:
  /// What a reader that does not wait gets.
  struct Polled {
    enum class Is { chunk, later, end, failed } is = Is::later;
    Tensor chunk = {};
    std::exception_ptr failure = {};
  };
  /// Reads without waiting for the producer (though perhaps for a file): for those who carry
  /// streams to other ranks. Used by one thread at a time.
  class Tap {
   public:
    virtual ~Tap() = default;
    virtual Polled poll() = 0;
  };
  /// Finds a stream that is neither live here nor in the store, on another rank; null if it cannot.
  using Elsewhere = std::function<std::unique_ptr<StreamReader>(
      const Stream&, const StreamLabel& reader, std::stop_token)>;

  /// @param store  may be null
  explicit StreamHub(std::shared_ptr<Store> store = {}, StreamHubOptions options = {});
  ~StreamHub();
  StreamHub(const StreamHub&) = delete;
  StreamHub& operator=(const StreamHub&) = delete;

  /// Begins a stream, or begins it anew: readers that are attached go on behind what they have
  /// read. Waits until the store has taken what an earlier attempt appended.
  /// @throws Error{InvalidArgument} if the stream has another type already; what StreamStore::open
  /// throws; Error{Cancelled}.
  std::unique_ptr<StreamWriter> open(const Stream& stream, const StreamLabel& label,
                                     std::stop_token stop);
  /// The stream has ended well. Its readers are told at once; returns when it is durable.
  /// @param chunks  how many its writer gave or skipped, StreamWriter::position; negative: not
  /// known
  /// @throws Error{Io}: then it has not ended, and may be opened again; Error{Internal} if those
  /// are fewer than an earlier attempt gave.
  void finish(const Key& id, std::int64_t chunks = -1);
  /// The stream has ended in failure: its readers are told at once, whatever they have still to
  /// read. Does nothing if it has ended well, or while another task writes the same stream.
  void fail(const Key& id, std::exception_ptr why);
  /// Nobody in this process will read the stream any more; whoever still does is not disturbed.
  void release(const Key& id);

  /// Whether the stream is here, and not all of it is in the store.
  bool is_live(const Key& id) const;
  /// Of a stream that is here; nothing if it is not.
  std::optional<StreamType> type_of(const Key& id) const;
  /// From the first chunk. @param reader  the task that reads, for messages
  /// @throws Error{NotFound} naming the stream if it is nowhere; Error{Io} if it is not live and
  /// the store has only a part of it, as after damage.
  std::unique_ptr<StreamReader> read(const Stream& stream, const StreamLabel& reader,
                                     std::stop_token stop);
  /// @param on_more  called when `poll` may have more, from any thread, with no lock of the hub
  /// held; not after the tap is gone (its destructor waits for a call that goes on in another
  /// thread, so hold nothing then that `on_more` waits for).
  /// @returns  null for a stream that is neither live here nor complete in the store.
  std::unique_ptr<Tap> tap(const Key& id, std::int64_t first_chunk, std::function<void()> on_more);
  /// @param knows  whether `find` would find a stream; cheap
  void find_elsewhere(Elsewhere find, std::function<bool(const Key&)> knows = {});
  /// Whether `read` finds the stream: live here, complete in the store, or elsewhere.
  bool can_read(const Key& id) const;

  /// Bytes that are held now, and at most so far, over all streams.
  std::uint64_t held_bytes() const;
  std::uint64_t peak_bytes() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace foldstream
