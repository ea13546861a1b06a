#include "frames.hpp"

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

constexpr std::size_t head_bytes = 40;  // magic 4, length 4, checksum 8, key 16, time 8
constexpr std::size_t checked_from = 16;
constexpr std::uint32_t longest = 1u << 30;
constexpr std::size_t window_bytes = std::size_t{1} << 20;

template <class T>
T load_at(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

template <class T>
void put(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

/// A view into a stretch of a file that reads ahead.
class Window {
 public:
  Window(const File& file, std::uint64_t to) : file_(file), end_(std::min(to, file.size())) {}

  std::uint64_t end() const { return end_; }

  /// `length` bytes at `offset`; fewer at the end. Valid until the next call.
  std::string_view view(std::uint64_t offset, std::size_t length) {
    if (offset < start_ || offset + length > start_ + filled_) fill(offset, length);
    const auto skip = static_cast<std::size_t>(offset - start_);
    return {buffer_.data() + skip, std::min(length, filled_ - std::min(filled_, skip))};
  }

 private:
  void fill(std::uint64_t offset, std::size_t length) {
    const std::uint64_t left = end_ - std::min(end_, offset);
    buffer_.resize(std::min<std::uint64_t>(std::max(length, window_bytes), left));
    start_ = offset;
    filled_ = file_.read(offset, std::as_writable_bytes(std::span(buffer_)));
  }

  const File& file_;
  std::uint64_t end_;
  std::uint64_t start_ = 0;
  std::size_t filled_ = 0;
  std::vector<char> buffer_;
};

/// The frame at `offset`, if a whole and undamaged one is there.
std::optional<Frame> frame_at(Window& window, std::uint64_t offset, std::string_view magic) {
  const std::string_view head = window.view(offset, head_bytes);
  if (head.size() < head_bytes || !head.starts_with(magic)) return std::nullopt;
  const auto length = load_at<std::uint32_t>(head, 4);
  if (length < head_bytes || length > longest || length > window.end() - offset)
    return std::nullopt;
  const std::string_view frame = window.view(offset, length);
  if (frame.size() < length) return std::nullopt;
  const std::string_view checked = frame.substr(checked_from);
  if (XXH3_64bits(checked.data(), checked.size()) != load_at<std::uint64_t>(frame, 8)) {
    return std::nullopt;
  }
  return Frame{{load_at<std::uint64_t>(frame, 16), load_at<std::uint64_t>(frame, 24)},
               load_at<std::int64_t>(frame, 32),
               offset,
               length,
               frame.substr(head_bytes)};
}

/// The offset of the next whole frame behind damage; the end if there is none.
std::uint64_t find_frame(Window& window, std::uint64_t from, std::string_view magic) {
  for (std::uint64_t offset = from; offset < window.end();) {
    const std::string_view bytes = window.view(offset, window_bytes);
    const std::size_t at = bytes.find(magic);
    if (at == std::string_view::npos) {
      if (bytes.size() < window_bytes) break;
      offset += bytes.size() - magic.size() + 1;
      continue;
    }
    if (frame_at(window, offset + at, magic)) return offset + at;
    offset += at + 1;
  }
  return window.end();
}

}  // namespace

FrameScan scan_frames(const File& file, std::uint64_t from, std::uint64_t to,
                      std::string_view magic, const std::function<void(const Frame&)>& found) {
  Window window(file, to);
  FrameScan scan{from, 0};
  for (std::uint64_t offset = from; offset < window.end();) {
    if (const auto frame = frame_at(window, offset, magic)) {
      found(*frame);
      scan.skipped += offset - scan.end;
      offset = scan.end = offset + frame->length;
    } else {
      offset = find_frame(window, offset + 1, magic);
    }
  }
  return scan;
}

void append_frame(std::string& bytes, std::string_view magic, const Key& key, std::int64_t time,
                  std::string_view body) {
  if (body.size() > longest - head_bytes) {
    throw Error(ErrorKind::Unsupported, "a record of " + std::to_string(body.size()) +
                                            " bytes is too long for the journal");
  }
  const std::size_t start = bytes.size();
  if (start == 0) bytes.reserve(head_bytes + body.size());
  bytes += magic;
  put(bytes, static_cast<std::uint32_t>(head_bytes + body.size()));
  put<std::uint64_t>(bytes, 0);
  put(bytes, key.high);
  put(bytes, key.low);
  put(bytes, time);
  bytes += body;
  const std::string_view checked = std::string_view(bytes).substr(start + checked_from);
  const std::uint64_t checksum = XXH3_64bits(checked.data(), checked.size());
  std::memcpy(bytes.data() + start + 8, &checksum, sizeof checksum);
}

}  // namespace foldstream::io
