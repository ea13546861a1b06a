// WriteBehind: takes chunks of streams and writes them to the rank's stream files and journal.
#pragma once

#include "group_sync.hpp"
#include "stream_index.hpp"

#include <chrono>
#include <deque>

namespace foldstream::io {

/// What a rank writes of its streams, behind the back of those who make the chunks. One thread
/// takes what is queued in batches: it writes the chunks, then one frame a stream to the journal,
/// and then tells that they are stored. The disk is synced in groups by a second thread.
/// Thread-safe.
class WriteBehind {
 public:
  using Stored = std::function<void(std::exception_ptr)>;

  /// @param ranks  the folder; @param stem  of the rank's files, "r0000"
  /// @param index  learns what is written; it must have read all of the rank's journal
  WriteBehind(std::filesystem::path ranks, std::string stem, StreamIndex& index);
  /// Writes what is queued, and closes the file without complaining.
  ~WriteBehind();

  /// Waits until nothing of the stream is queued. @throws Error{Io} if that takes too long.
  void wait_written(const Key& id);
  /// The next chunk of the stream is number `stored`. Nothing of it may be queued.
  void begin(const Key& id, const StreamType& type, const StreamLabel& label, std::int64_t stored);
  /// As `begin` with number 0 in a dataset of its own, whatever is stored.
  void begin_anew(const Key& id, const StreamType& type, const StreamLabel& label);
  /// Of a stream that was begun and has not ended; its `chunks` are 0.
  std::optional<StoredStream> find(const Key& id);
  /// As StreamStore.
  void append(const Key& id, Tensor chunk, Stored stored);
  void finish(const Key& id);
  /// Writes what is queued and closes the file; a later chunk begins the next one. @throws
  /// Error{Io}
  void close();

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::uint64_t most_unsynced = std::uint64_t{256} << 20;  // bytes
  static constexpr std::chrono::milliseconds sync_gap{200};
  using FilePointer = std::shared_ptr<hdf5::StreamFile>;

  struct Begun {
    Key id;
    StreamType type;
    StreamLabel label;
    std::int64_t appended = 0;        ///< chunks, the queued ones too
    std::size_t queued = 0;           ///< items
    std::exception_ptr failure = {};  ///< all that comes goes wrong
    // of the thread alone
    std::int64_t written = 0;
    FilePointer file = {};  ///< the dataset is of this one
    std::size_t dataset = 0;
    std::uint64_t header = 0;
  };
  using BegunPointer = std::shared_ptr<Begun>;
  /// How the end of a stream went.
  struct Ending {
    bool is_written = false;
    std::exception_ptr failure;
    std::uint64_t batch = 0;
  };
  struct Item {
    BegunPointer stream;
    Tensor chunk;
    std::uint64_t checksum = 0;
    Stored stored;
    std::shared_ptr<Ending> ending;  ///< set: it is the end, not a chunk
  };
  /// Items of one stream in a batch.
  struct Group {
    BegunPointer stream;
    hdf5::Lot lot;
    bool is_end = false;
  };

  void work();
  bool is_ready() const;
  Clock::time_point wake_time() const;
  void take_turn(std::unique_lock<std::mutex>& lock);
  std::vector<Item> take_batch();
  std::vector<Group> groups_of(const std::vector<Item>& batch) const;
  void write(std::vector<Group>& groups);
  void begin_part(Group& group);
  void settle(std::vector<Item>& batch, const std::exception_ptr& failure,
              std::unique_lock<std::mutex>& lock);
  void retire(std::unique_lock<std::mutex>& lock);
  void sync_if_due(std::unique_lock<std::mutex>& lock);
  void on_synced(std::exception_ptr failure);
  bool has_unsynced() const { return batch_ > std::max(synced_, lost_); }
  void close_file(std::unique_lock<std::mutex>& lock);
  void close_file();
  void give_up_file() noexcept;
  void forget_file();
  static std::exception_ptr failure_of(const StreamLabel& label, const std::exception_ptr& failure);
  void fail_all(const std::exception_ptr& failure);
  template <class Condition>
  void wait(std::unique_lock<std::mutex>& lock, const std::string& what, Condition condition);
  FilePointer file();

  const std::filesystem::path ranks_;
  const std::string stem_;
  StreamIndex& index_;

  std::mutex mutex_;
  std::condition_variable work_;     ///< for the thread
  std::condition_variable settled_;  ///< for those who wait for it
  std::deque<Item> queue_;
  std::uint64_t queued_bytes_ = 0;  ///< of the batch that is being written too
  std::unordered_map<Key, BegunPointer, foldstream::KeyHash> streams_;
  std::vector<BegunPointer> retired_;  ///< whose datasets can be closed
  int waiting_ = 0;                    ///< threads that wait for what is queued
  int closing_ = 0;                    ///< closings asked for,
  int closed_ = 0;                     ///< and done
  std::exception_ptr close_failure_;
  bool is_stopping_ = false;
  Clock::time_point last_batch_ = {};

  std::uint64_t batch_ = 0;    ///< number of the last one that was written
  std::uint64_t syncing_ = 0;  ///< the batch that is being synced; 0: none
  std::uint64_t synced_ = 0;   ///< up to this one the disk has all
  std::uint64_t lost_ = 0;     ///< up to this one a sync has failed
  std::exception_ptr sync_failure_;
  bool is_file_lost_ = false;
  bool is_sync_wanted_ = false;
  std::uint64_t unsynced_bytes_ = 0;
  Clock::time_point unsynced_since_ = {};

  // of the thread alone
  StreamJournalWriter journal_;
  FilePointer file_;
  std::int64_t chunks_in_file_ = 0;

  std::unique_ptr<GroupSync> sync_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace foldstream::io
