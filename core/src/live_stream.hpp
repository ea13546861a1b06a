// LiveStream: one stream of a process while it is written and read.
#pragma once

#include <foldstream/stream_hub.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace foldstream {

/// Bytes of chunks, over all streams of a hub. Thread-safe.
class HeldBytes {
 public:
  void add(std::uint64_t bytes);
  void drop(std::uint64_t bytes) { now_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::uint64_t now() const { return now_.load(std::memory_order_relaxed); }
  std::uint64_t peak() const { return peak_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> now_ = 0;
  std::atomic<std::uint64_t> peak_ = 0;
};

/// Wakes the owner of a tap. Thread-safe; silent for good once `silence` has returned.
class Bell {
 public:
  explicit Bell(std::function<void()> ring) : ring_(std::move(ring)) {}
  void ring();
  void silence();

 private:
  std::recursive_mutex mutex_;  ///< a tap may be dropped by what it calls
  const std::function<void()> ring_;
  bool is_silent_ = false;
};

/// A reader's place.
struct Cursor {
  std::int64_t next = 0;  ///< chunk; guarded by the stream once attached
  StreamLabel reader = {};
  std::shared_ptr<Bell> bell = {};  ///< null: its reader waits by itself
};

/// What its writers, its readers and the store's thread share. Chunks that were appended and are
/// not in memory any more are in the store: what is kept is the tail of the stream. Thread-safe.
class LiveStream : public std::enable_shared_from_this<LiveStream> {
 public:
  using Polled = StreamHub::Polled;

  /// @param store  may be null
  LiveStream(Stream stream, StreamLabel label, std::shared_ptr<Store> store,
             StreamHubOptions options, std::shared_ptr<HeldBytes> held);
  ~LiveStream();

  const StreamType& type() const noexcept { return stream_.type; }
  const std::string& name() const noexcept { return name_; }
  const StreamLabel& label() const noexcept { return label_; }

  // writers: several may write the same stream at once, as tasks of equal keys do; whoever is first
  // gives the chunk, that of the others is compared with it
  void open(const std::stop_token& stop);
  void close();
  std::int64_t count() const;
  void append(std::int64_t& position, Tensor chunk, const std::stop_token& stop);
  /// A chunk that was appended.
  Tensor read(std::int64_t chunk) const;
  void finish(std::int64_t chunks);
  /// Does nothing while another task writes the same.
  void fail(std::exception_ptr why);
  void release();

  // readers
  /// False: it cannot be read from there on any more.
  bool attach(const std::shared_ptr<Cursor>& cursor);
  void detach(const std::shared_ptr<Cursor>& cursor);
  Polled poll(Cursor& cursor);
  std::optional<Tensor> next(Cursor& cursor, const std::stop_token& stop);

  /// Whether nobody will ask for it any more, or the store has all of it.
  bool is_unwanted() const;
  /// The same, and the store's queue has none of it either.
  bool is_over() const;
  /// Whether the store has all of it.
  bool is_complete() const;

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Bells = std::vector<std::shared_ptr<Bell>>;
  struct Kept {
    Tensor chunk;
    std::uint64_t offset;  ///< bytes of the chunks before it, since it was made
    bool is_stored;
  };

  std::int64_t first() const { return count_ - std::ssize(kept_); }
  const Kept& kept(std::int64_t chunk) const;
  bool is_readable(const Cursor& cursor) const;
  std::int64_t slowest() const;
  std::uint64_t kept_bytes() const;
  std::uint64_t unread_bytes() const;
  bool has_room(std::uint64_t bytes);
  void drop_first();
  void trim();
  void begin_anew(std::int64_t stored);
  void store_again(Lock& lock);
  void wait_to_open(Lock& lock, const std::stop_token& stop);
  void wait_to_append(Lock& lock, std::int64_t position, std::uint64_t bytes,
                      const std::stop_token& stop);
  [[noreturn]] void throw_stalled_writer() const;
  [[noreturn]] void throw_stalled_reader(const Cursor& cursor) const;
  void compare(std::int64_t position, const Tensor& chunk) const;
  void push(Tensor chunk);
  void finish_in_store();
  void hand_to_store(std::int64_t number, const Tensor& chunk);
  void note_stored(std::int64_t number, const std::exception_ptr& why);
  Tensor read_stored(Lock& lock, Cursor& cursor);
  Polled poll(Lock& lock, Cursor& cursor);
  void tell_progress(Bells& bells);
  static void ring(const Bells& bells);
  /// False: it was too long. @throws Error{Cancelled}
  template <class Ready>
  bool wait(Lock& lock, std::condition_variable_any& condition, const std::stop_token& stop,
            Ready ready) const {
    if (options_.stall_seconds <= 0) {
      condition.wait(lock, stop, ready);
    } else {
      const std::chrono::duration<double> most(options_.stall_seconds);
      condition.wait_for(lock, stop, std::chrono::ceil<std::chrono::milliseconds>(most), ready);
    }
    if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "the run was cancelled.");
    return ready();
  }

  const Stream stream_;
  const StreamLabel label_;
  const std::string name_;
  const std::shared_ptr<Store> owner_;  ///< of store_
  StreamStore* const store_;            ///< null: none keeps the chunks
  const StreamHubOptions options_;
  const std::shared_ptr<HeldBytes> held_;

  /// Chunks appended, or more than any reader has read: when it has ended. For readers that spin.
  std::atomic<std::int64_t> progress_ = 0;
  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable_any more_;  ///< readers wait for it
  std::condition_variable_any room_;  ///< writers do
  std::int64_t count_ = 0;
  std::uint64_t offset_ = 0;  ///< bytes appended so far
  std::deque<Kept> kept_;     ///< the last chunks
  std::vector<std::shared_ptr<Cursor>> cursors_;
  int writers_ = 0;
  int beginnings_ = 0;        ///< how often it was begun
  int in_flight_ = 0;         ///< chunks in the store's queue
  bool is_handing_ = false;   ///< one thread speaks to the store, in the order of the chunks
  bool is_ended_ = false;
  bool is_complete_ = false;  ///< in the store
  bool is_released_ = false;
  std::exception_ptr broken_;   ///< the store lost chunks; the writer will be told
  std::exception_ptr failure_;  ///< of the producer
};

/// For messages: "600 s", "0.25 s".
std::string seconds_text(double seconds);

}  // namespace foldstream
