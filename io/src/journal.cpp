#include "journal.hpp"

#include <fcntl.h>

#include <limits>
#include <optional>

namespace foldstream::io {

namespace {

constexpr std::string_view magic = "FSJ1";

JournalEntry entry_of(const Frame& frame) {
  return {frame.key, frame.time, frame.offset, frame.length};
}

}  // namespace

FrameScan scan_journal(const File& file, std::uint64_t from,
                       const std::function<void(const JournalEntry&)>& found) {
  return scan_frames(file, from, std::numeric_limits<std::uint64_t>::max(), magic,
                     [&](const Frame& frame) { found(entry_of(frame)); });
}

std::string read_journal_text(const File& file, const JournalEntry& entry) {
  std::optional<std::string> text;
  scan_frames(file, entry.offset, entry.offset + entry.length, magic, [&](const Frame& frame) {
    if (frame.offset == entry.offset && frame.key == entry.key && frame.length == entry.length)
      text = frame.body;
  });
  if (text) return *std::move(text);
  throw Error(ErrorKind::Io, file.path().string() + ": the record at byte " +
                                 std::to_string(entry.offset) + " is damaged");
}

JournalWriter::JournalWriter(const std::filesystem::path& path) : file_(path, O_RDWR | O_CREAT) {
  if (file_.lock()) return;
  throw Error(ErrorKind::Io, path.string() + ": in use by another process of the same rank. Wait " +
                                 "until it ends, or choose another output folder.");
}

JournalEntry JournalWriter::append(const Key& key, std::int64_t saved_at, std::string_view text) {
  std::string frame;
  append_frame(frame, magic, key, saved_at, text);
  std::unique_lock lock(mutex_);
  const std::uint64_t at = waiting_->bytes.size();
  waiting_->bytes += frame;
  const std::shared_ptr<Batch> batch = write_in_turn(lock);
  if (batch->failure) std::rethrow_exception(batch->failure);
  return {key, saved_at, batch->offset + at, static_cast<std::uint32_t>(frame.size())};
}

/// Waits until the batch that waits now is written: by whoever comes first.
std::shared_ptr<JournalWriter::Batch> JournalWriter::write_in_turn(
    std::unique_lock<std::mutex>& lock) {
  const std::shared_ptr<Batch> batch = waiting_;
  turn_.wait(lock, [&] { return batch->is_done || !is_writing_; });
  if (batch->is_done) return batch;
  is_writing_ = true;
  waiting_ = std::make_shared<Batch>();
  lock.unlock();
  write(*batch);
  lock.lock();
  is_writing_ = false;
  batch->is_done = true;
  turn_.notify_all();
  return batch;
}

void JournalWriter::write(Batch& batch) try {
  if (!is_tail_cut_ && file_.size() > end_) file_.truncate(end_);
  is_tail_cut_ = false;  // until these records are whole
  file_.write(end_, std::as_bytes(std::span(batch.bytes)));
  is_tail_cut_ = true;
  batch.offset = end_;
  end_ += batch.bytes.size();
} catch (...) {
  batch.failure = std::current_exception();
}

}  // namespace foldstream::io
