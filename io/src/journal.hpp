// Journal: framed, checksummed records, appended by one process and read by all.
#pragma once

#include "frames.hpp"

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace foldstream::io {

/// One record found in a journal: what the index needs without parsing the text.
struct JournalEntry {
  Key key;
  std::int64_t saved_at = 0;  ///< ns since 1970; of two records of a key the later one holds
  std::uint64_t offset = 0;   ///< of the frame
  std::uint32_t length = 0;   ///< of the frame, bytes
};

/// Calls `found` for each whole record from `from` on, as `scan_frames`. @throws Error{Io} if reading
/// fails.
FrameScan scan_journal(const File& file, std::uint64_t from,
                       const std::function<void(const JournalEntry&)>& found);

/// The text of a record. @throws Error{Io} if it is no longer what the scan saw.
std::string read_journal_text(const File& file, const JournalEntry& entry);

/// The one writer of a journal. Thread-safe: threads that append at once share a write.
class JournalWriter {
 public:
  /// Opens or makes the file and takes it for this process. Changes nothing in it.
  /// @throws Error{Io} if another process has it, or it cannot be written.
  explicit JournalWriter(const std::filesystem::path& path);

  const File& file() const { return file_; }
  /// Where the first append will write; from `scan_journal`.
  void continue_at(std::uint64_t end) { end_ = end; }
  /// The record is with the operating system when it returns, and on the disk after `sync`. After
  /// an error the journal is as before.
  JournalEntry append(const Key& key, std::int64_t saved_at, std::string_view text);
  /// fdatasync. @throws Error{Io}
  void sync() { file_.sync(); }

 private:
  /// Records that are written together.
  struct Batch {
    std::string bytes;
    std::uint64_t offset = 0;
    bool is_done = false;
    std::exception_ptr failure;
  };
  std::shared_ptr<Batch> write_in_turn(std::unique_lock<std::mutex>& lock);
  void write(Batch& batch);

  File file_;
  std::mutex mutex_;  ///< for what follows, but while `is_writing_` the rest is the writer's
  std::condition_variable turn_;
  std::shared_ptr<Batch> waiting_ = std::make_shared<Batch>();
  bool is_writing_ = false;
  std::uint64_t end_ = 0;
  bool is_tail_cut_ = false;
};

}  // namespace foldstream::io
