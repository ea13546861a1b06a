#include "journal.hpp"

#include <fcntl.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace foldstream::io {

namespace {

static_assert(std::endian::native == std::endian::little, "the run folder is little-endian");

constexpr std::string_view magic = "FSJ1";
constexpr std::size_t head_bytes = 40;  // magic 4, length 4, checksum 8, key 16, saved_at 8
constexpr std::size_t checked_from = 16;
constexpr std::uint32_t longest = 1u << 30;
constexpr std::size_t window_bytes = std::size_t{4} << 20;

template <class T>
T load_at(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

template <class T>
void append_to(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

/// A view into a file that reads ahead.
class Window {
 public:
  explicit Window(const File& file) : file_(file), size_(file.size()) {}

  std::uint64_t size() const { return size_; }

  /// `length` bytes at `offset`; fewer at the end of the file. Valid until the next call.
  std::string_view view(std::uint64_t offset, std::size_t length) {
    if (offset < start_ || offset + length > start_ + filled_) fill(offset, length);
    const std::size_t skip = static_cast<std::size_t>(offset - start_);
    return {buffer_.data() + skip, std::min(length, filled_ - std::min(filled_, skip))};
  }

 private:
  void fill(std::uint64_t offset, std::size_t length) {
    const std::uint64_t left = size_ - std::min(size_, offset);
    buffer_.resize(std::min<std::uint64_t>(std::max(length, window_bytes), left));
    start_ = offset;
    filled_ = file_.read(offset, std::as_writable_bytes(std::span(buffer_)));
  }

  const File& file_;
  std::uint64_t size_;
  std::uint64_t start_ = 0;
  std::size_t filled_ = 0;
  std::vector<char> buffer_;
};

/// The entry of a frame, if these bytes are a whole, undamaged one.
std::optional<JournalEntry> parse_frame(std::string_view frame, std::uint64_t offset) {
  if (frame.size() < head_bytes || !frame.starts_with(magic)) return std::nullopt;
  const auto length = load_at<std::uint32_t>(frame, 4);
  if (length < head_bytes || length > longest || frame.size() < length) return std::nullopt;
  const std::string_view checked = frame.substr(checked_from, length - checked_from);
  if (XXH3_64bits(checked.data(), checked.size()) != load_at<std::uint64_t>(frame, 8)) {
    return std::nullopt;
  }
  return JournalEntry{{load_at<std::uint64_t>(frame, 16), load_at<std::uint64_t>(frame, 24)},
                      load_at<std::int64_t>(frame, 32),
                      offset,
                      length};
}

std::optional<JournalEntry> frame_at(Window& window, std::uint64_t offset) {
  const std::string_view head = window.view(offset, head_bytes);
  if (head.size() < head_bytes || !head.starts_with(magic)) return std::nullopt;
  const auto length = load_at<std::uint32_t>(head, 4);
  if (length > longest || offset + length > window.size()) return std::nullopt;
  return parse_frame(window.view(offset, length), offset);
}

/// The offset of the next whole record behind damage; the file's size if there is none.
std::uint64_t find_frame(Window& window, std::uint64_t from) {
  for (std::uint64_t offset = from; offset < window.size();) {
    const std::string_view bytes = window.view(offset, window_bytes);
    const std::size_t at = bytes.find(magic);
    if (at == std::string_view::npos) {
      if (bytes.size() < window_bytes) break;
      offset += bytes.size() - magic.size() + 1;
      continue;
    }
    if (frame_at(window, offset + at)) return offset + at;
    offset += at + 1;
  }
  return window.size();
}

std::string make_frame(const Key& key, std::int64_t saved_at, std::string_view text) {
  std::string frame;
  frame.reserve(head_bytes + text.size());
  frame += magic;
  append_to(frame, static_cast<std::uint32_t>(head_bytes + text.size()));
  append_to<std::uint64_t>(frame, 0);
  append_to(frame, key.high);
  append_to(frame, key.low);
  append_to(frame, saved_at);
  frame += text;
  const XXH64_hash_t checksum =
      XXH3_64bits(frame.data() + checked_from, frame.size() - checked_from);
  std::memcpy(frame.data() + checked_from - sizeof checksum, &checksum, sizeof checksum);
  return frame;
}

}  // namespace

JournalScan scan_journal(const File& file, std::uint64_t from,
                         const std::function<void(const JournalEntry&)>& found) {
  Window window(file);
  JournalScan scan{from, 0};
  for (std::uint64_t offset = from; offset < window.size();) {
    if (const auto entry = frame_at(window, offset)) {
      found(*entry);
      scan.skipped += offset - scan.end;
      offset = scan.end = offset + entry->length;
    } else {
      offset = find_frame(window, offset + 1);
    }
  }
  return scan;
}

std::string read_journal_text(const File& file, const JournalEntry& entry) {
  std::string frame(entry.length, '\0');
  frame.resize(file.read(entry.offset, std::as_writable_bytes(std::span(frame))));
  const auto now = parse_frame(frame, entry.offset);
  if (!now || now->key != entry.key || now->length != entry.length) {
    throw Error(ErrorKind::Io, file.path().string() + ": the record at byte " +
                                   std::to_string(entry.offset) + " is damaged");
  }
  return frame.substr(head_bytes);
}

JournalWriter::JournalWriter(const std::filesystem::path& path) : file_(path, O_RDWR | O_CREAT) {
  if (file_.lock()) return;
  throw Error(ErrorKind::Io, path.string() + ": in use by another process of the same rank. Wait " +
                                 "until it ends, or choose another output folder.");
}

JournalEntry JournalWriter::append(const Key& key, std::int64_t saved_at, std::string_view text) {
  if (text.size() > longest - head_bytes) {
    throw Error(ErrorKind::Unsupported, "a record of " + std::to_string(text.size()) +
                                            " bytes is too long for the journal");
  }
  const std::string frame = make_frame(key, saved_at, text);
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
