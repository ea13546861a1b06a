// StreamCarrier: takes streams from the rank that makes them to ranks that read them.
#pragma once

#include "message.hpp"

#include <foldstream/stream_hub.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

namespace foldstream::mpi {

struct CarrierOptions {
  int rank = 0;
  std::uint64_t window_bytes = std::uint64_t{16} << 20U;  ///< in flight to a reader, or waiting for it
  double stall_seconds = 600;  ///< a reader that waits longer fails; 0 = for ever
};

/// The reader grants credit in bytes; the rank that makes the stream sends chunks while there is
/// credit, so a slow reader costs it no memory. Thread-safe; the calls of the communications thread
/// do not wait.
class StreamCarrier {
 public:
  /// @param post  sends a message to a rank; may be called with the carrier's lock held
  /// @param wake  asks for a `pump`, from any thread
  StreamCarrier(StreamHub& hub, CarrierOptions options,
                std::function<void(int rank, Message)> post, std::function<void()> wake);
  ~StreamCarrier();

  /// Reads a stream that is being made on another rank.
  std::unique_ptr<StreamReader> read(int rank, const Stream& stream, const StreamLabel& reader,
                                     std::stop_token stop);

  // the communications thread

  /// Whether the message was for the carrier.
  bool on_message(const Envelope& envelope);
  /// Sends what may be sent now.
  void pump();
  /// Whether chunks are awaited, or have still to go.
  bool is_busy() const;
  void lose(int rank);
  /// Nothing will come or go any more: readers fail with this.
  void close(const std::string& why);

 private:
  class Reader;
  /// What has come for a reader.
  struct Incoming {
    int rank = 0;
    std::string label;  ///< of the stream, for messages
    std::deque<Tensor> chunks;
    bool has_ended = false;
    Failure failure;
    std::condition_variable changed;
  };
  struct Outgoing {
    std::unique_ptr<StreamHub::Tap> tap;
    std::int64_t credit = 0;  ///< bytes; below 0 after a chunk larger than what was left
    bool may_have_more = true;
  };
  using Subscriber = std::pair<int, std::uint64_t>;  ///< rank and number

  void serve(const Subscriber& to, const Key& id, std::uint64_t credit);
  bool send_next(const Subscriber& to, Outgoing& outgoing);
  void send_end(const Subscriber& to, const Failure& failure);
  void fail(Incoming& incoming, const std::string& why);

  StreamHub& hub_;
  const CarrierOptions options_;
  const std::function<void(int, Message)> post_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::shared_ptr<Incoming>> incoming_;
  std::map<Subscriber, std::shared_ptr<Outgoing>> outgoing_;
  std::set<int> lost_;
  std::string closed_;  ///< why; empty: it is not
};

}  // namespace foldstream::mpi
